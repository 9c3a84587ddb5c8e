//! The tables of Huzhu.
