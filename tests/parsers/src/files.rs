//! Files: containers of pictures and PDFs.

use std::panic::{AssertUnwindSafe, catch_unwind};

use huzhu::documents::pdf;
use huzhu::documents::pictures::{self, MAX_DECODE_BYTES, MAX_PIXELS, MIN_SIDE, READING_SIDE, Refusal};

/// What a master may have more than its original: a head of its own.
const HEAD_BYTES: usize = 1_024;

/// Our own walk over a picture's container: no panic, nothing beyond the limits, and what it keeps is kept again as it is.
#[test]
fn containers() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let Ok(inspected) = pictures::inspect(bytes) else { return };
        assert!(u64::from(inspected.width) * u64::from(inspected.height) <= MAX_PIXELS);
        assert!(inspected.width.min(inspected.height) >= MIN_SIDE);
        assert!(inspected.decode_bytes <= MAX_DECODE_BYTES);
        assert!((1..=8).contains(&inspected.orientation));
        assert!(inspected.master.len() <= bytes.len() + HEAD_BYTES);
        let again = pictures::inspect(&inspected.master).unwrap();
        assert_eq!((again.coding, again.width, again.height), (inspected.coding, inspected.width, inspected.height));
        assert_eq!(again.master, inspected.master);
    });
}

/// The decoders behind it. They are not ours and may panic: the process that runs them dies of it and the file is refused. What comes out
/// is never beyond its limits.
#[test]
fn pictures_and_pdfs() {
    bolero::check!().for_each(|bytes: &[u8]| {
        let checked = catch_unwind(AssertUnwindSafe(|| match pictures::recognise(bytes) {
            Ok(huzhu::storage::Coding::Pdf) => pdf::check(bytes),
            Ok(_) => pictures::check(bytes),
            Err(refusal) => Err(refusal),
        }));
        let Ok(passed) = checked.unwrap_or(Err(Refusal::Damaged)) else { return };
        assert!((1..=pdf::MAX_PAGES).contains(&passed.pages.len()));
        for page in passed.pages.iter().chain([&passed.thumbnail]) {
            assert!(page.width.max(page.height) <= READING_SIDE);
            let seen = pictures::inspect(&page.bytes).map(|copy| (copy.width, copy.height));
            assert!(seen == Ok((page.width, page.height)) || seen == Err(Refusal::TooSmall));
        }
    });
}
