//! Markup from outside, as a stream: what repeats is handed out part by part, the rest stays small. Everything that can grow has a limit.
//!
//! A document type, a processing instruction, an entity of its own, another encoding than UTF-8, a second document: refused at the place
//! where it stands. Elements of other namespaces are passed over where the standard lets anything stand, and only there.

use std::io::{self, BufRead, Read};

use quick_xml::NsReader;
use quick_xml::events::{BytesDecl, BytesStart, Event};
use quick_xml::name::ResolveResult;

use super::Node;

/// The namespaces of all messages begin so; what follows is the message and its version.
const NAMESPACE: &str = "urn:iso:std:iso:20022:tech:xsd:";
/// The element around every message.
const ROOT: &str = "Document";
/// The element in which the standard lets anything stand.
const ENVELOPE: &str = "Envlp";

/// What a file may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the file.
    pub file_bytes: u64,
    /// Elements of the file.
    pub elements: u64,
    /// Elements that are in memory at once: those of one part, and what stands around the parts.
    pub held_elements: u64,
    /// Elements in elements.
    pub depth: usize,
    /// Attributes of an element.
    pub attributes: usize,
    /// Namespaces that an element declares.
    pub namespaces: usize,
    /// Bytes of a text.
    pub text_bytes: usize,
    /// Bytes of a piece of markup: a tag with its attributes, a comment, a text.
    pub markup_bytes: usize,
}

impl Limits {
    /// Of a statement, which may hold a quarter's payments.
    pub const STATEMENT: Self = Self {
        file_bytes: 2 * 1024 * 1024 * 1024,
        elements: 50_000_000,
        held_elements: 100_000,
        depth: 64,
        attributes: 64,
        namespaces: 16,
        text_bytes: 8 * 1024,
        markup_bytes: 64 * 1024,
    };
}

impl Limits {
    /// Of a report on one file of ours.
    pub const REPORT: Self = Self { file_bytes: 32 * 1024 * 1024, elements: 500_000, ..Self::STATEMENT };
}

/// What is wrong with a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum Fault {
    /// It could not be read at all.
    #[error("the file can't be read")]
    Source,
    /// It is no XML, or ends too early.
    #[error("this is no well-formed XML")]
    NotXml,
    /// It says or has another encoding.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// `<!DOCTYPE …`.
    #[error("a document type is not taken")]
    Doctype,
    /// `<?…?>`.
    #[error("a processing instruction is not taken")]
    ProcessingInstruction,
    /// `&…;` other than the five that XML has.
    #[error("an entity of its own is not taken")]
    Entity,
    /// A limit on size.
    #[error("the file is larger than is taken")]
    TooLarge,
    /// A limit on elements, their depth, attributes or namespaces.
    #[error("there are more elements, levels or attributes than are taken")]
    TooMuch,
    /// A limit on a text or a tag.
    #[error("a text or a tag is longer than is taken")]
    TooLong,
    /// The root has no namespace.
    #[error("the document has no namespace: nobody can tell which message it is")]
    NamespaceMissing,
    /// An element of another namespace stands where something of the message should.
    #[error("an element has another namespace than its message")]
    OtherNamespace,
    /// None of what such a message is sent for.
    #[error("the message holds nothing")]
    Nothing,
    /// A message that nobody reads here.
    #[error("this is no message that is read here")]
    UnknownMessage,
    /// An amount in another form.
    #[error("an amount is not written as digits with at most two after a point")]
    Amount,
    /// A currency is missing or none.
    #[error("an amount has no currency, or one that is none")]
    Currency,
    /// Neither credit nor debit.
    #[error("a direction is neither CRDT nor DBIT")]
    Direction,
    /// A date in another form.
    #[error("a date is none")]
    Day,
    /// A number or a flag in another form.
    #[error("a number or a flag is none")]
    Number,
    /// A booking without an amount or a direction.
    #[error("a booking has no amount or no direction")]
    EntryIncomplete,
}

impl Fault {
    /// The stable code.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::NotXml => "not_xml",
            Self::NotUtf8 => "not_utf8",
            Self::Doctype => "doctype",
            Self::ProcessingInstruction => "processing_instruction",
            Self::Entity => "entity",
            Self::TooLarge => "too_large",
            Self::TooMuch => "too_much",
            Self::TooLong => "too_long",
            Self::NamespaceMissing => "namespace_missing",
            Self::OtherNamespace => "other_namespace",
            Self::Nothing => "nothing",
            Self::UnknownMessage => "unknown_message",
            Self::Amount => "amount",
            Self::Currency => "currency",
            Self::Direction => "direction",
            Self::Day => "day",
            Self::Number => "number",
            Self::EntryIncomplete => "entry_incomplete",
        }
    }
}

/// Why a file is not read to its end, and where.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {at}: {fault}")]
pub struct Unreadable {
    /// How many bytes were read before.
    pub at: u64,
    /// What is wrong.
    pub fault: Fault,
}

/// The paths below `Document` of what a message hands out, or nothing when it is not read.
pub type Parts = fn(message: &str) -> Option<&'static [&'static [&'static str]]>;

/// Reads a file and hands each of its `parts` to `on` when it is complete; what stood in it is then gone from whatever it stood in. Answers
/// which message it was, such as `camt.053.001.08`.
///
/// # Errors
/// [`Unreadable`]: then nothing that was handed out counts.
pub fn read(
    source: impl BufRead,
    limits: &Limits,
    parts: Parts,
    on: impl FnMut(Node) -> Result<(), Fault>,
) -> Result<String, Unreadable> {
    let mut reader = NsReader::from_reader(Metered { source, file_left: limits.file_bytes, markup_left: 0 });
    reader.config_mut().expand_empty_elements = true;
    reader.resolver_mut().set_max_declarations_per_element(limits.namespaces);
    let mut open = Open {
        limits,
        parts,
        on,
        message: None,
        taken: &[],
        stack: Vec::new(),
        passed_over: 0,
        elements: 0,
        held: 0,
        is_over: false,
        has_parts: false,
    };
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        reader.get_mut().markup_left = limits.markup_bytes;
        let step = match reader.read_resolved_event_into(&mut buffer) {
            Ok((_, Event::Eof)) => break,
            Ok((namespace, event)) => open.step(&namespace, event),
            Err(error) => Err(fault_of(&error)),
        };
        step.map_err(|fault| Unreadable { at: reader.buffer_position(), fault })?;
    }
    let at = reader.buffer_position();
    match open.message.filter(|_| open.is_over) {
        Some(message) if open.has_parts => Ok(message),
        Some(_) => Err(Unreadable { at, fault: Fault::Nothing }),
        None => Err(Unreadable { at, fault: Fault::NotXml }),
    }
}

/// The elements that are begun, and what they hold.
struct Open<'limits, On> {
    limits: &'limits Limits,
    parts: Parts,
    on: On,
    /// Which message this is, once its root was seen.
    message: Option<String>,
    taken: &'static [&'static [&'static str]],
    /// With the elements that each holds, itself among them.
    stack: Vec<(Node, u64)>,
    /// Levels of another namespace.
    passed_over: usize,
    elements: u64,
    held: u64,
    /// The root has ended.
    is_over: bool,
    /// A part was handed out.
    has_parts: bool,
}

impl<On: FnMut(Node) -> Result<(), Fault>> Open<'_, On> {
    fn step(&mut self, namespace: &ResolveResult<'_>, event: Event<'_>) -> Result<(), Fault> {
        match event {
            Event::Start(start) => self.begin(namespace, &start),
            Event::End(_) => self.end(),
            Event::Text(text) => self.text(&text.decode().map_err(|_| Fault::NotUtf8)?),
            Event::CData(text) => self.text(&text.decode().map_err(|_| Fault::NotUtf8)?),
            Event::GeneralRef(reference) => {
                let name = reference.decode().map_err(|_| Fault::NotUtf8)?;
                let char = reference.resolve_char_ref().map_err(|_| Fault::Entity)?;
                match (char, quick_xml::escape::resolve_xml_entity(&name)) {
                    (Some(char), _) => self.text(char.encode_utf8(&mut [0; 4])),
                    (None, Some(text)) => self.text(text),
                    (None, None) => Err(Fault::Entity),
                }
            }
            Event::Decl(declaration) => is_utf8(&declaration),
            Event::Comment(_) | Event::Eof => Ok(()),
            Event::DocType(_) => Err(Fault::Doctype),
            Event::PI(_) => Err(Fault::ProcessingInstruction),
            // Empty elements come as a beginning and an end.
            Event::Empty(_) => Err(Fault::NotXml),
        }
    }

    fn begin(&mut self, namespace: &ResolveResult<'_>, start: &BytesStart<'_>) -> Result<(), Fault> {
        self.elements += 1;
        if self.elements > self.limits.elements || self.stack.len() + self.passed_over >= self.limits.depth {
            return Err(Fault::TooMuch);
        }
        let currency = self.currency(start)?;
        let local = start.local_name();
        let name = std::str::from_utf8(local.as_ref()).map_err(|_| Fault::NotUtf8)?;
        if self.passed_over > 0 {
            self.passed_over += 1;
            return Ok(());
        }
        let message = match namespace {
            ResolveResult::Bound(namespace) => {
                std::str::from_utf8(namespace.0).ok().and_then(|uri| uri.strip_prefix(NAMESPACE))
            }
            ResolveResult::Unbound => None,
            ResolveResult::Unknown(_) => return Err(Fault::NotXml),
        };
        match (&self.message, message) {
            (None, Some(message)) if name == ROOT => {
                self.taken = (self.parts)(message).ok_or(Fault::UnknownMessage)?;
                self.message = Some(message.to_owned());
            }
            (None, None) if matches!(namespace, ResolveResult::Unbound) => return Err(Fault::NamespaceMissing),
            (None, _) => return Err(Fault::UnknownMessage),
            (Some(_), _) if self.is_over => return Err(Fault::NotXml),
            (Some(mine), Some(message)) if mine == message => {}
            (Some(_), _) if self.stack.last().is_some_and(|(parent, _)| parent.name == ENVELOPE) => {
                self.passed_over = 1;
                return Ok(());
            }
            (Some(_), _) => return Err(Fault::OtherNamespace),
        }
        self.held += 1;
        if self.held > self.limits.held_elements {
            return Err(Fault::TooMuch);
        }
        self.stack.push((Node { name: name.to_owned(), currency, ..Node::default() }, 1));
        Ok(())
    }

    /// The attribute `Ccy`. Attributes are counted before any is compared with another.
    fn currency(&self, start: &BytesStart<'_>) -> Result<Option<String>, Fault> {
        let mut found = None;
        for (number, attribute) in start.attributes().with_checks(false).enumerate() {
            if number >= self.limits.attributes {
                return Err(Fault::TooMuch);
            }
            let attribute = attribute.map_err(|_| Fault::NotXml)?;
            if attribute.key.as_ref() == b"Ccy" {
                let value = std::str::from_utf8(&attribute.value).map_err(|_| Fault::NotUtf8)?;
                if found.replace(value.to_owned()).is_some() {
                    return Err(Fault::NotXml);
                }
            }
        }
        Ok(found)
    }

    fn end(&mut self) -> Result<(), Fault> {
        if self.passed_over > 0 {
            self.passed_over -= 1;
            return Ok(());
        }
        let (node, size) = self.stack.pop().ok_or(Fault::NotXml)?;
        if self.stack.is_empty() {
            self.is_over = true;
            return Ok(());
        }
        let is_part = self.taken.iter().any(|path| {
            path.split_last().is_some_and(|(last, above)| {
                above.len() + 1 == self.stack.len()
                    && *last == node.name
                    && above.iter().zip(self.stack.iter().skip(1)).all(|(name, (open, _))| *name == open.name)
            })
        });
        if is_part {
            self.held -= size;
            self.has_parts = true;
            return (self.on)(node);
        }
        if let Some((parent, parent_size)) = self.stack.last_mut() {
            parent.children.push(node);
            *parent_size += size;
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Result<(), Fault> {
        if self.passed_over > 0 {
            return Ok(());
        }
        let is_blank = text.trim().is_empty();
        let Some((node, _)) = self.stack.last_mut() else {
            return if is_blank { Ok(()) } else { Err(Fault::NotXml) };
        };
        if is_blank && node.text.is_empty() {
            return Ok(());
        }
        if node.text.len() + text.len() > self.limits.text_bytes {
            return Err(Fault::TooLong);
        }
        node.text.push_str(text);
        Ok(())
    }
}

fn is_utf8(declaration: &BytesDecl<'_>) -> Result<(), Fault> {
    match declaration.encoding() {
        None => Ok(()),
        Some(Ok(name)) if name.eq_ignore_ascii_case(b"utf-8") => Ok(()),
        Some(_) => Err(Fault::NotUtf8),
    }
}

fn fault_of(error: &quick_xml::Error) -> Fault {
    use quick_xml::Error as E;
    match error {
        E::Io(error) => {
            let ours = error.get_ref().and_then(|inner| inner.downcast_ref::<Fault>());
            ours.copied().unwrap_or(Fault::Source)
        }
        E::Encoding(_) => Fault::NotUtf8,
        E::Escape(_) => Fault::Entity,
        E::Namespace(quick_xml::name::NamespaceError::TooManyDeclarations(_)) => Fault::TooMuch,
        E::Syntax(_) | E::IllFormed(_) | E::InvalidAttr(_) | E::Namespace(_) => Fault::NotXml,
    }
}

/// A source that ends with a fault where a limit ends.
struct Metered<R> {
    source: R,
    file_left: u64,
    markup_left: usize,
}

impl<R: BufRead> Read for Metered<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let read = self.fill_buf()?.read(into)?;
        self.consume(read);
        Ok(read)
    }
}

impl<R: BufRead> BufRead for Metered<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let bytes = self.source.fill_buf()?;
        if bytes.is_empty() {
            return Ok(bytes);
        }
        if self.file_left == 0 {
            return Err(io::Error::other(Fault::TooLarge));
        }
        if self.markup_left == 0 {
            return Err(io::Error::other(Fault::TooLong));
        }
        let most = self.markup_left.min(usize::try_from(self.file_left).unwrap_or(usize::MAX));
        Ok(bytes.get(..most).unwrap_or(bytes))
    }

    fn consume(&mut self, bytes: usize) {
        self.source.consume(bytes);
        self.file_left = self.file_left.saturating_sub(bytes as u64);
        self.markup_left = self.markup_left.saturating_sub(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        file_bytes: 100_000,
        elements: 1_000,
        held_elements: 100,
        depth: 8,
        attributes: 4,
        namespaces: 2,
        text_bytes: 100,
        markup_bytes: 1_000,
    };

    fn parts(message: &str) -> Option<&'static [&'static [&'static str]]> {
        (message == "test.001").then_some(&[&["List", "Item"], &["List"]])
    }

    fn read_all(text: &[u8]) -> Result<Vec<Node>, Fault> {
        let mut nodes = Vec::new();
        let read = read(text, &LIMITS, parts, |node| {
            nodes.push(node);
            Ok(())
        });
        read.map(|message| assert_eq!(message, "test.001")).map_err(|unreadable| unreadable.fault)?;
        Ok(nodes)
    }

    fn document(inner: &str) -> String {
        format!(
            "<?xml version='1.0' encoding='UTF-8'?>\n<Document xmlns='urn:iso:std:iso:20022:tech:xsd:test.001'>{inner}</Document>"
        )
    }

    fn fault(text: impl AsRef<[u8]>) -> Option<Fault> {
        read_all(text.as_ref()).err()
    }

    #[test]
    fn parts_are_handed_out_when_they_are_complete_and_are_then_gone() {
        let nodes = read_all(
            document("<List> <Nm>甲 &amp; 乙&#x20AC;</Nm><Item><A Ccy='CNY'>1</A></Item><Item/></List>").as_bytes(),
        )
        .unwrap();
        assert_eq!(nodes.iter().map(|node| node.name.as_str()).collect::<Vec<_>>(), ["Item", "Item", "List"]);
        let amount = nodes[0].at(&["A"]).unwrap();
        assert_eq!((amount.text.as_str(), amount.currency.as_deref()), ("1", Some("CNY")));
        assert_eq!((nodes[2].text_at(&["Nm"]), nodes[2].children.len()), (Some("甲 & 乙€"), 1));
    }

    #[test]
    fn prefixes_mean_what_they_are_bound_to_and_other_namespaces_are_passed_over() {
        let text = "<d:Document xmlns:d='urn:iso:std:iso:20022:tech:xsd:test.001' xmlns:x='urn:x'>\
            <d:List><d:Envlp><x:Item><x:Item>no</x:Item></x:Item></d:Envlp><d:Item>yes</d:Item></d:List></d:Document>";
        let nodes = read_all(text.as_bytes()).unwrap();
        assert_eq!((nodes.len(), nodes[0].text.as_str()), (2, "yes"));
    }

    #[test]
    fn what_may_hurt_is_refused_where_it_stands() {
        let laughs = "<!DOCTYPE d [<!ENTITY a 'ha'><!ENTITY b '&a;&a;&a;&a;'>]>";
        for (text, expected) in [
            (format!("{laughs}{}", document("<List>&b;</List>")), Fault::Doctype),
            (document("<List>&b;</List>"), Fault::Entity),
            (document("<List>&#0;</List>"), Fault::Entity),
            (document("<?php x?>"), Fault::ProcessingInstruction),
            (document(&"<List>".repeat(9)), Fault::TooMuch),
            (document(&format!("<List>{}</List>", "<A/>".repeat(99))), Fault::TooMuch),
            (document(&format!("<List>{}</List>", "<Item/>".repeat(1_000))), Fault::TooMuch),
            (document("<List a='1' b='1' c='1' d='1' e='1'/>"), Fault::TooMuch),
            (document("<List xmlns:a='1' xmlns:b='2' xmlns:c='3'/>"), Fault::TooMuch),
            (document(&format!("<List>{}</List>", "x".repeat(101))), Fault::TooLong),
            (document(&format!("<List>{}</List>", "x".repeat(5_000))), Fault::TooLong),
            (document(&format!("<!--{}-->", "x".repeat(5_000))), Fault::TooLong),
            (document(&format!("<List a='{}'/>", "x".repeat(5_000))), Fault::TooLong),
            (document(&format!("<List>{}</List>", " <!-- -->".repeat(20_000))), Fault::TooLarge),
            (document("<List>").replace("</Document>", ""), Fault::NotXml),
            (document("<List></Lost>"), Fault::NotXml),
            (document("<List A='1' Ccy='CNY' Ccy='EUR'/>"), Fault::NotXml),
            (document("<List/>") + "<Document/>", Fault::NotXml),
            (document("<List><Item xmlns='urn:x'/></List>"), Fault::OtherNamespace),
            (document("<List><Item xmlns=''/></List>"), Fault::OtherNamespace),
            (document(""), Fault::Nothing),
            (document("<Else/>"), Fault::Nothing),
            (document("<List/>") + "more", Fault::NotXml),
            ("".to_owned(), Fault::NotXml),
            ("PK\u{3}\u{4}".to_owned(), Fault::NotXml),
            ("<Document Xmlns='urn:iso:std:iso:20022:tech:xsd:test.001'/>".to_owned(), Fault::NamespaceMissing),
            ("<Document xmlns='urn:iso:std:iso:20022:tech:xsd:test.002'/>".to_owned(), Fault::UnknownMessage),
            ("<Document xmlns='urn:other'/>".to_owned(), Fault::UnknownMessage),
            ("<Else xmlns='urn:iso:std:iso:20022:tech:xsd:test.001'/>".to_owned(), Fault::UnknownMessage),
            (document("").replace("UTF-8", "GB18030"), Fault::NotUtf8),
        ] {
            assert_eq!(fault(&text), Some(expected), "{}", text.chars().take(200).collect::<String>());
        }
        let mut latin = document("<List>x</List>").into_bytes();
        let at = latin.iter().position(|byte| *byte == b'x').unwrap();
        latin[at] = 0xe9;
        assert!(fault(&latin).is_some());
        assert!(fault([0xff, 0xfe, b'<', 0]).is_some());
    }

    #[test]
    fn a_file_that_ends_anywhere_is_refused() {
        let whole = document("<List><Nm>甲 &amp; 乙</Nm><Item><A Ccy='CNY'>1</A></Item></List>");
        assert!(read_all(whole.as_bytes()).is_ok());
        for end in 0..whole.len() {
            assert!(fault(&whole.as_bytes()[..end]).is_some(), "{end}");
        }
    }
}
