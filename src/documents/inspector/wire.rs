//! What the checker's process answers: the length of a head in four bytes, the head in JSON, then the files one behind the other.

use serde::{Deserialize, Serialize};

use super::Part;
use crate::documents::pdf::MAX_PAGES;
use crate::documents::pictures::{
    Code, MAX_CODE_CHARS, MAX_CODES, Master, Measures, Passed, Print, Refusal, Rendition,
};
use crate::storage::Coding;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum Head {
    Refused(String),
    Passed(PassedHead),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PassedHead {
    coding: Coding,
    orientation: u8,
    master: Part,
    pages: Vec<Part>,
    thumbnail: Part,
    measures: Option<Measures>,
    codes: Vec<Code>,
    prints: Vec<Print>,
}

/// Writes an answer.
///
/// # Errors
/// When something is too large to be said.
pub(super) fn write(answer: &Result<Passed, Refusal>) -> anyhow::Result<Vec<u8>> {
    let (head, files) = match answer {
        Err(refusal) => (Head::Refused(refusal.code().to_owned()), Vec::new()),
        Ok(passed) => {
            let head = PassedHead {
                coding: passed.master.coding,
                orientation: passed.master.orientation,
                master: part(&passed.master.bytes, passed.master.width, passed.master.height),
                pages: passed.pages.iter().map(|page| part(&page.bytes, page.width, page.height)).collect(),
                thumbnail: part(&passed.thumbnail.bytes, passed.thumbnail.width, passed.thumbnail.height),
                measures: passed.measures,
                codes: passed.codes.clone(),
                prints: passed.prints.clone(),
            };
            let copies = passed.pages.iter().chain([&passed.thumbnail]).map(|file| file.bytes.as_slice());
            (Head::Passed(head), [passed.master.bytes.as_slice()].into_iter().chain(copies).collect())
        }
    };
    let head = serde_json::to_vec(&head)?;
    let mut bytes = u32::try_from(head.len())?.to_be_bytes().to_vec();
    bytes.extend_from_slice(&head);
    files.into_iter().for_each(|file| bytes.extend_from_slice(file));
    Ok(bytes)
}

fn part(bytes: &[u8], width: u32, height: u32) -> Part {
    Part { size_bytes: bytes.len() as u64, width, height }
}

/// Reads an answer. The process that wrote it is not trusted: all of it must be there and nothing else.
///
/// # Errors
/// When it is no answer.
pub(super) fn read(bytes: &[u8]) -> anyhow::Result<Result<Passed, Refusal>> {
    let short = || anyhow::anyhow!("the answer is cut off");
    let (length, rest) = bytes.split_first_chunk::<4>().ok_or_else(short)?;
    let length = usize::try_from(u32::from_be_bytes(*length))?;
    let (head, mut rest) = rest.split_at_checked(length).ok_or_else(short)?;
    let head = match serde_json::from_slice(head)? {
        Head::Refused(code) => {
            anyhow::ensure!(rest.is_empty(), "a refusal has no files");
            let refusal = Refusal::of_code(&code).ok_or_else(|| anyhow::anyhow!("an unknown refusal"))?;
            return Ok(Err(refusal));
        }
        Head::Passed(head) => head,
    };
    let PassedHead { coding, orientation, master, pages, thumbnail, measures, codes, prints } = head;
    anyhow::ensure!((1..=MAX_PAGES).contains(&pages.len()), "{} pages", pages.len());
    let mut take = |part: Part| -> anyhow::Result<Rendition> {
        anyhow::ensure!(part.size_bytes > 0 && part.width > 0 && part.height > 0, "an empty file");
        let (taken, left) = rest.split_at_checked(usize::try_from(part.size_bytes)?).ok_or_else(short)?;
        rest = left;
        Ok(Rendition { bytes: taken.to_vec(), width: part.width, height: part.height })
    };
    let Rendition { bytes, width, height } = take(master)?;
    let pages = pages.into_iter().map(&mut take).collect::<anyhow::Result<Vec<_>>>()?;
    let thumbnail = take(thumbnail)?;
    anyhow::ensure!(rest.is_empty(), "more than was said");
    anyhow::ensure!((1..=8).contains(&orientation), "orientation {orientation}");
    let is_sound = |code: &Code| {
        (1..=pages.len()).contains(&usize::from(code.page)) && code.text.chars().count() <= MAX_CODE_CHARS
    };
    anyhow::ensure!(codes.len() <= MAX_CODES && codes.iter().all(is_sound), "codes that no page has");
    let follow =
        prints.windows(2).all(|pair| pair.first().map(|print| print.page) < pair.last().map(|print| print.page));
    let are_of_pages = prints.iter().all(|print| (1..=pages.len()).contains(&usize::from(print.page)));
    anyhow::ensure!(follow && are_of_pages, "prints that no page has");
    let master = Master { coding, bytes, width, height, orientation };
    Ok(Ok(Passed { master, pages, thumbnail, measures, codes, prints }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::documents::pictures::Place;

    fn passed() -> Passed {
        let copy = |bytes: &[u8]| Rendition { bytes: bytes.to_vec(), width: 3, height: 4 };
        Passed {
            master: Master { coding: Coding::Pdf, bytes: b"master".to_vec(), width: 595, height: 842, orientation: 1 },
            pages: vec![copy(b"one"), copy(b"three")],
            thumbnail: copy(b"small"),
            measures: Some(Measures { sharpness: 500, ..Measures::default() }),
            codes: vec![Code { page: 2, text: "ebill,11010126".to_owned(), place: Place::default() }],
            prints: Vec::new(),
        }
    }

    #[test]
    fn an_answer_reads_back() {
        for answer in [Ok(passed()), Err(Refusal::Damaged)] {
            assert_eq!(read(&write(&answer).unwrap()).unwrap(), answer);
        }
    }

    #[test]
    fn an_answer_that_is_cut_or_longer_is_none() {
        let whole = write(&Ok(passed())).unwrap();
        for end in 0..whole.len() {
            assert!(read(&whole[..end]).is_err(), "{end}");
        }
        assert!(read(&[whole, vec![0]].concat()).is_err());
    }

    #[test]
    fn a_code_on_a_page_that_is_not_there_and_too_many_are_none() {
        let mut elsewhere = passed();
        elsewhere.codes[0].page = 3;
        let mut many = passed();
        many.codes = vec![many.codes[0].clone(); MAX_CODES + 1];
        for answer in [elsewhere, many] {
            assert!(read(&write(&Ok(answer)).unwrap()).is_err());
        }
    }

    #[test]
    fn an_answer_without_pages_or_with_too_many_is_none() {
        for pages in [0, MAX_PAGES + 1] {
            let mut answer = passed();
            answer.pages = vec![answer.thumbnail.clone(); pages];
            answer.codes.clear();
            assert!(read(&write(&Ok(answer)).unwrap()).is_err(), "{pages}");
        }
    }
}
