//! The rim: what every request passes through, and nothing of the domain.
//!
//! In: language, request id, who asks and what they may ([`permit`]), limits, bodies ([`body`]), `Idempotency-Key`, `If-Match`, cursors.
//! Out: problem details ([`problem`]), entity tags, languages, security headers. Start reading at [`server`].

pub mod body;
pub mod browse;
pub mod caller;
pub mod codes;
pub mod document;
mod examples;
pub mod health;
pub mod idempotency;
pub mod if_match;
pub mod language;
pub mod limits;
pub mod openapi;
pub mod page;
pub mod permit;
pub mod problem;
pub mod range;
pub mod reply;
pub mod request_log;
pub mod rim;
pub mod routes;
pub mod server;
pub mod source;

pub use body::Body;
pub use caller::{Actor, Caller, MachineCaller, MemberCaller, Role, StaffCaller};
pub use codes::Code;
pub use idempotency::Idempotency;
pub use if_match::IfMatch;
pub use page::{Cursor, Page, Paged, Query};
pub use problem::Problem;
pub use reply::Reply;
pub use routes::Routes;
pub use source::Source;

/// What a handler answers.
pub type Answer = Result<actix_web::HttpResponse, Problem>;
