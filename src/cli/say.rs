//! The one way in which the verbs print: `say!` is `println!` that does not panic when the reader has gone.

use std::fmt::Arguments;
use std::io::{ErrorKind, Write};

/// Prints one line to standard output. A reader that has seen enough (`huzhu jobs list | head`) ends the program quietly; any other
/// fault of standard output ends it with code 1.
pub(super) fn line(text: Arguments<'_>) {
    match writeln!(std::io::stdout().lock(), "{text}") {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::BrokenPipe => std::process::exit(0),
        Err(error) => {
            eprintln!("huzhu: standard output: {error}");
            std::process::exit(1);
        }
    }
}

/// Prints one line; see [`line`].
macro_rules! say {
    ($($text:tt)*) => { $crate::cli::say::line(format_args!($($text)*)) };
}
