//! The tables `document_print`, `document_print_key`, `document_bill_key` and `document_match`.

use sea_orm::entity::prelude::*;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::kernel::clock::Moment;

/// How two documents are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize, ToSchema)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The same file, byte for byte.
    Exact,
    /// Pictures of one page: the same photograph again, perhaps cut or changed, or another one of it.
    Near,
    /// The same bill by its code, number and check code.
    BillKey,
}

impl How {
    /// The word in metrics.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Near => "near",
            Self::BillKey => "bill_key",
        }
    }
}

/// What a reviewer says of two documents that match.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum, Serialize, Deserialize, ToSchema)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    /// One receipt.
    Same,
    /// Two receipts that look alike.
    Different,
}

/// Which view of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, EnumIter, DeriveActiveEnum)]
#[sea_orm(rs_type = "String", db_type = "Text", rename_all = "snake_case")]
pub enum ViewOf {
    /// The whole picture.
    Picture,
    /// The sheet in it.
    Sheet,
}

/// One view of a page of a document.
pub mod print {
    use super::*;

    /// A row of `document_print`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "document_print")]
    pub struct Model {
        /// The document.
        #[sea_orm(primary_key, auto_increment = false)]
        pub document_id: Uuid,
        /// Which page, counted from one.
        #[sea_orm(primary_key, auto_increment = false)]
        pub page: i32,
        /// Which view of it.
        #[sea_orm(primary_key, auto_increment = false)]
        pub view: ViewOf,
        /// [`View::bits`](crate::documents::pictures::View::bits), each block in eight bytes, the highest first.
        pub bits: Vec<u8>,
        /// [`View::coarse`](crate::documents::pictures::View::coarse).
        pub coarse: Vec<u8>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// A key under which a print is found.
pub mod print_key {
    use super::*;

    /// A row of `document_print_key`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "document_print_key")]
    pub struct Model {
        /// The key.
        #[sea_orm(primary_key, auto_increment = false)]
        pub print_key: i64,
        /// The document.
        #[sea_orm(primary_key, auto_increment = false)]
        pub document_id: Uuid,
        /// Which page, counted from one.
        #[sea_orm(primary_key, auto_increment = false)]
        pub page: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Which bill a document is or names.
pub mod bill {
    use super::*;

    /// A row of `document_bill_key`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "document_bill_key")]
    pub struct Model {
        /// Keyed hash of code, number and check code.
        #[sea_orm(primary_key, auto_increment = false)]
        pub bill_key: Vec<u8>,
        /// The document.
        #[sea_orm(primary_key, auto_increment = false)]
        pub document_id: Uuid,
        /// The page on which it was read first.
        pub page: i32,
    }

    impl ActiveModelBehavior for ActiveModel {}
}

/// Two documents that match.
pub mod found {
    use super::*;

    /// A row of `document_match`.
    #[sea_orm::model]
    #[derive(Clone, Debug, PartialEq, DeriveEntityModel)]
    #[sea_orm(table_name = "document_match")]
    pub struct Model {
        /// Identifier.
        #[sea_orm(primary_key, auto_increment = false)]
        pub id: Uuid,
        /// The one that was announced later.
        pub document_id: Uuid,
        /// The one that was there before.
        pub other_document_id: Uuid,
        /// How they match.
        pub how: How,
        /// Which page of the one.
        pub page: i32,
        /// Which page of the other.
        pub other_page: i32,
        /// In thousandths, how much differs; of pictures of one page alone.
        pub distance: Option<i32>,
        /// Quarter turns to the left that make the one stand as the other.
        pub turns: i32,
        /// Both belong to one claim.
        pub within_claim: bool,
        /// When it was found.
        pub found_at_ms: Moment,
        /// What a reviewer says of it.
        pub judgement: Option<Judgement>,
        /// In their words, sealed.
        pub remark_sealed: Option<Vec<u8>>,
        /// Which reviewer.
        pub judged_by: Option<Uuid>,
        /// When.
        pub judged_at_ms: Option<Moment>,
    }

    impl ActiveModelBehavior for ActiveModel {}
}
