//! Forms: the lines of print that an engine gives back, whatever they say and wherever they stand.

use std::collections::HashSet;

use bolero::TypeGenerator;
use huzhu::reading::Line;
use huzhu::reading::fields::{self, Field, Paper};

const PAPERS: [Paper; 5] =
    [Paper::SettlementSheet, Paper::Bill, Paper::Diagnosis, Paper::DischargeSummary, Paper::IdCard];

/// Words that forms have, and what stands behind them.
const WORDS: [&str; 32] = [
    "姓名",
    "性别",
    "年龄",
    "男",
    "自付一",
    "自付二",
    "自付",
    "自费",
    "个人自付",
    "个人现金支付",
    "个人账户支付",
    "统筹基金支付",
    "金额合计（小写）",
    "金额合计（大写）",
    "票据代码",
    "票据号码",
    "校验码",
    "开票日期",
    "起止日期",
    "诊断",
    "有效期限",
    "公民身份号码",
    "医院",
    "：",
    "壹拾贰元叁角整",
    "1,200.00",
    "99999999999999999999.99",
    "2026年11月28日",
    "2026.02.30-2026.03.01",
    "11010519491231002X",
    "11010126",
    "（",
];

/// A piece of a line.
#[derive(Clone, Copy, Debug, TypeGenerator)]
enum Piece {
    Word(u8),
    Number(u32),
    Char(char),
}

/// A line somewhere on a page, or beside it.
#[derive(Clone, Debug, TypeGenerator)]
struct Print {
    pieces: Vec<Piece>,
    corners: [[i16; 2]; 4],
    is_level: bool,
    at: Vec<u16>,
    confidence: u8,
}

/// A line as the service takes it from the reader's process: see `Line`.
fn line(print: &Print) -> Option<Line> {
    let text: String = print
        .pieces
        .iter()
        .map(|piece| match piece {
            Piece::Word(word) => WORDS[usize::from(*word) % WORDS.len()].to_owned(),
            Piece::Number(number) => number.to_string(),
            Piece::Char(char) => char.to_string(),
        })
        .collect();
    let text: String = text.chars().filter(|char| !char.is_control()).take(400).collect();
    let count = text.chars().count();
    let far = |side: i16| i32::from(side) % 4_001;
    let [[left, top], [right, below], ..] = print.corners.map(|corner| corner.map(far));
    let corners = if print.is_level {
        [[left, top], [right, top], [right, below], [left, below]]
    } else {
        print.corners.map(|corner| corner.map(far))
    };
    let at = |char: usize| print.at.get(char).map_or(char * 1_000 / count, |at| usize::from(at % 1_001));
    let at_permille = (0..count).map(|char| u16::try_from(at(char)).unwrap()).collect();
    (count > 0).then_some(Line { text, confidence_percent: print.confidence % 101, corners, at_permille })
}

/// Any page has at most one field of a name, each of words that stand on it, and each is read again as it was written.
#[test]
fn fields() {
    bolero::check!().with_type::<(u8, Vec<Print>)>().for_each(|(paper, prints)| {
        let lines: Vec<Line> = prints.iter().filter_map(line).collect();
        let stands: HashSet<char> = lines.iter().flat_map(|line| line.text.chars()).chain([' ']).collect();
        let (_, fields) = fields::read(PAPERS[usize::from(*paper) % PAPERS.len()], &lines);
        let names: HashSet<_> = fields.iter().map(|field| field.name).collect();
        assert_eq!(names.len(), fields.len());
        for field in &fields {
            assert!(field.confidence_percent <= 100);
            assert!(!field.printed.is_empty() && field.printed.chars().all(|char| stands.contains(&char)));
        }
        let broken = fields::broken(&fields);
        let kept: Vec<Field> = serde_json::from_str(&serde_json::to_string(&fields).unwrap()).unwrap();
        assert_eq!(kept, fields);
        assert_eq!(fields::broken(&kept), broken);
    });
}
