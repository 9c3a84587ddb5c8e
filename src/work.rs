//! The jobs of every capability, in one registry.

use crate::documents;
use crate::http::idempotency;
use crate::jobs::Registry;

/// Every handler of the service.
#[must_use]
pub fn registry() -> Registry {
    let mut registry = Registry::default();
    registry.every(3_600, "http.sweep_idempotency", |context| async move {
        idempotency::sweep(&context.app).await?;
        Ok(())
    });
    crate::jobs::register(&mut registry);
    crate::identity::jobs(&mut registry);
    crate::notices::jobs(&mut registry);
    crate::claims::register(&mut registry);
    crate::payouts::jobs(&mut registry);
    crate::recon::jobs(&mut registry);
    crate::recoveries::jobs(&mut registry);
    documents::register(&mut registry);
    crate::bill_checks::register(&mut registry);
    registry
}
