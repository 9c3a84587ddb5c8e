//! The `huzhu` binary: dispatches to the verbs in `huzhu::cli`.

use std::process::ExitCode;

fn main() -> ExitCode {
    huzhu::cli::main()
}
