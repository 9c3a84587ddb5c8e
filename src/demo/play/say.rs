//! What the demo tells: short Chinese lines with English beside them for a person, one JSON object a step for a machine.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::kernel::clock::{Clock, Moment};
use crate::kernel::text::Text;

/// For whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// For a person.
    Words,
    /// One JSON object a step.
    Json,
}

/// Tells the steps on standard output.
pub struct Teller {
    manner: Manner,
    clock: Arc<dyn Clock>,
    began: Moment,
    many: bool,
}

/// What happened in a step.
pub(super) struct Told {
    /// Who acts: `member`, `reviewer`, `maker`, `checker`, `bank`, `system`.
    pub actor: &'static str,
    /// A stable word for the step.
    pub scene: &'static str,
    /// One sentence.
    pub text: Text,
    /// More lines for a person.
    pub more: Vec<String>,
    /// Facts for a machine.
    pub data: Value,
}

impl Teller {
    /// A teller in `manner`; `many` claims are told apart by their number.
    #[must_use]
    pub fn new(manner: Manner, many: bool, clock: Arc<dyn Clock>) -> Self {
        let began = clock.now();
        Self { manner, clock, began, many }
    }

    /// Tells a step of claim `number` that began at `since`.
    #[expect(clippy::print_stdout, reason = "this is what the command is for")]
    pub(super) fn step(&self, number: u32, since: Moment, told: Told) {
        let took_ms = self.clock.now().as_ms().saturating_sub(since.as_ms());
        if self.manner == Manner::Json {
            let line = json!({
                "claim_number": number, "actor": told.actor, "scene": told.scene, "zh": told.text.zh, "en": told.text.en,
                "took_ms": took_ms, "data": told.data,
            });
            println!("{line}");
            return;
        }
        let which = if self.many { format!("[{number}] ") } else { String::new() };
        let who = who(told.actor);
        let took = format!("{}.{:02} s", took_ms / 1_000, took_ms % 1_000 / 10);
        println!("{which}{who}  {}\n{:10}{} · {took}", told.text.zh, "", told.text.en);
        for line in told.more {
            println!("{:10}· {line}", "");
        }
    }

    /// Tells that claim `number` came to nothing.
    #[expect(clippy::print_stdout, reason = "this is what the command is for")]
    pub(super) fn trouble(&self, number: u32, error: &anyhow::Error) {
        if self.manner == Manner::Json {
            println!("{}", json!({"claim_number": number, "scene": "trouble", "error": format!("{error:#}")}));
        } else {
            println!("[{number}] 未完成 · not finished: {error:#}");
        }
    }

    /// Tells a result of the whole, such as the number of findings.
    #[expect(clippy::print_stdout, reason = "this is what the command is for")]
    pub fn result(&self, scene: &'static str, text: &Text, data: &Value) {
        let took_ms = self.clock.now().as_ms().saturating_sub(self.began.as_ms());
        if self.manner == Manner::Json {
            println!("{}", json!({"scene": scene, "zh": text.zh, "en": text.en, "took_ms": took_ms, "data": data}));
        } else {
            println!("\n{}\n{} · {}.{} s", text.zh, text.en, took_ms / 1_000, took_ms % 1_000 / 100);
        }
    }

    /// Tells something for a person alone.
    #[expect(clippy::print_stdout, reason = "this is what the command is for")]
    pub fn aside(&self, text: &Text) {
        if self.manner == Manner::Words {
            println!("{}\n{}\n", text.zh, text.en);
        }
    }
}

fn who(actor: &str) -> &'static str {
    match actor {
        "member" => "会员  ",
        "reviewer" => "审核员",
        "maker" => "制单  ",
        "checker" => "复核  ",
        "bank" => "银行  ",
        _ => "系统  ",
    }
}
