//! Plans, their dated versions, and who is enrolled in them.
//!
//! Owns the documents of plan versions (TOML on disk, JSON in the table; never edited, only superseded), enrolments, and the finder that says which
//! enrolments may pay for an event. Never computes an amount (that is `assessment`) and never decides a claim.
//! Start reading at [`PlanDocument`] and [`that_may_pay`].

mod cover;
mod document;
mod document_cache;
mod find;
mod load;
mod public;
pub mod rows;

pub use document::{DocumentError, FastLane, Filing, Funding, PlanDocument, Source};
pub use document_cache::DocumentCache;
pub use find::{CoveredPlan, every_enrolment, that_may_pay};
pub use load::{LoadError, Loaded, load};

use crate::http::Routes;

/// The sample versions that the program carries: file name and text.
pub const SAMPLES: [(&str, &str); 6] = [
    ("second_reimbursement_2012.toml", include_str!("data/second_reimbursement_2012.toml")),
    ("second_reimbursement_2017.toml", include_str!("data/second_reimbursement_2017.toml")),
    ("hospital_allowance_2011.toml", include_str!("data/hospital_allowance_2011.toml")),
    ("hospital_allowance_2016.toml", include_str!("data/hospital_allowance_2016.toml")),
    ("hospital_medical_2020.toml", include_str!("data/hospital_medical_2020.toml")),
    ("hospital_medical_2025.toml", include_str!("data/hospital_medical_2025.toml")),
];

/// The routes of this capability.
pub fn routes(config: &mut Routes) {
    config.service(public::list_plans).service(public::show_plan).service(cover::show_cover);
}

#[cfg(test)]
mod tests {
    use time::macros::date;
    use uuid::Uuid;

    use super::*;
    use crate::assessment::{Basis, Before, ClaimFacts, Cover, DiagnosisClass, EventKind, Settlement, assess};
    use crate::kernel::money::Fen;

    /// The sample claim: 8 days, self-pay one 8,000 yuan, a hospital of grade 3.
    fn sample(shares: u32) -> Basis {
        let (starts_on, ends_on) = (date!(2026 - 10 - 12), date!(2026 - 10 - 20));
        Basis {
            facts: ClaimFacts {
                event: EventKind::HospitalStay,
                starts_on,
                ends_on,
                hospital_grade: Some(3),
                diagnosis_class: DiagnosisClass::General,
                settlements: vec![Settlement { starts_on, ends_on, self_pay_one_fen: Fen::new(800_000) }],
            },
            cover: Cover {
                enrolment_id: Uuid::nil(),
                starts_on: date!(2026 - 01 - 01),
                ends_on: Some(date!(2026 - 12 - 31)),
                shares,
                renewal: true,
            },
            before: Before::default(),
        }
    }

    #[test]
    fn every_sample_reads_and_pays_the_sample_claim_as_its_source_says() {
        for ((file, text), pays) in SAMPLES.iter().zip([0, 134_000, 0, 28_000, 0, 390_000]) {
            let document = PlanDocument::from_toml(file, text).unwrap();
            assert_eq!(*file, format!("{}_{}.toml", document.plan, document.version));
            let assessment = assess(&sample(1), &document.terms(Uuid::nil())).unwrap();
            assert_eq!(assessment.amount_fen, Fen::new(pays), "{file}");
        }
    }

    #[test]
    fn a_sample_that_is_not_verified_says_what_is_missing() {
        for (file, text) in SAMPLES {
            let document = PlanDocument::from_toml(file, text).unwrap();
            let admits = document.sources.iter().any(|source| source.says.en.contains("found"));
            assert!(document.verified || admits, "{file}");
        }
    }
}
