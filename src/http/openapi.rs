//! The OpenAPI document: collected from the handlers, completed with what the rim adds to every operation.

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ContactBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, tag::TagBuilder};
use utoipa::{PartialSchema, ToSchema};

use super::problem::ProblemBody;

/// The document before any route is added.
#[must_use]
pub fn base() -> OpenApi {
    let mut document = OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Huzhu 互助")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(
                    "Claims of a trade union's mutual-aid fund: declare an event, send photographs, see what every plan pays, \
                     follow the ten-working-day promise, and be paid on the service card. 职工互助保障的申报、核算、审核与赔付。",
                ))
                .contact(Some(ContactBuilder::new().name(Some("The people who run this service")).build()))
                .license(Some(
                    LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build(),
                ))
                .build(),
        )
        .tags(Some([
            ("public", "What anybody may read 公开"),
            ("sign-in", "Signing in and out 登录"),
            ("member", "For members 会员"),
            ("staff", "For union staff 工会工作人员"),
            ("bank", "For the card bank's job 卡行"),
        ]
        .map(|(name, description)| TagBuilder::new().name(name).description(Some(description)).build())))
        .build();
    let components = document.components.get_or_insert_default();
    let mut problem = vec![(ProblemBody::name().into_owned(), ProblemBody::schema())];
    ProblemBody::schemas(&mut problem);
    components.schemas.extend(problem);
    components.add_security_scheme(
        "bearer",
        SecurityScheme::Http(
            HttpBuilder::new()
                .scheme(HttpAuthScheme::Bearer)
                .bearer_format("JWT")
                .description(Some(
                    "An access token (RFC 9068) signed with EdDSA, checked as RFC8725 says; lives at most 10 minutes.",
                ))
                .build(),
        ),
    );
    document
}
