//! The parsers of what strangers send, fuzzed. A test run replays what is kept in `__fuzz__` (real files, and what the search found) and
//! tries some more; `make fuzz-parsers` searches on, led by what the code does with the bytes.

#[cfg(test)]
mod bank_files;
#[cfg(test)]
mod files;
#[cfg(test)]
mod forms;
#[cfg(test)]
mod messages;
