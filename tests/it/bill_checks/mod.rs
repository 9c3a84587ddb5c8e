//! Bills checked at their source: true, false, or cannot be checked, which never stands for false.

mod budgets;
mod database;
mod print;
mod process;
mod reviewer;
mod scene;
mod verdicts;
