//! Where capabilities hang up their routes: to be served, or to be written into the document.

use actix_web::dev::HttpServiceFactory;
use actix_web::web;
use utoipa::openapi::{Components, OpenApi};
use utoipa_actix_web::OpenApiFactory;

/// A list of routes that takes more of them.
pub struct Routes<'a>(To<'a>);

enum To<'a> {
    /// Served by a worker. What they say of themselves is not asked for: it takes more time and memory than all else of a start.
    Server(&'a mut web::ServiceConfig),
    /// Written into the document, with everything that they name.
    Document(&'a mut OpenApi),
    /// Only their operations: who may do what stands there.
    Operations(&'a mut OpenApi),
}

impl<'a> Routes<'a> {
    pub(super) const fn of_server(config: &'a mut web::ServiceConfig) -> Self {
        Self(To::Server(config))
    }

    pub(super) const fn of_document(document: &'a mut OpenApi) -> Self {
        Self(To::Document(document))
    }

    pub(super) const fn of_operations(document: &'a mut OpenApi) -> Self {
        Self(To::Operations(document))
    }

    /// Adds one.
    pub fn service(&mut self, route: impl HttpServiceFactory + OpenApiFactory + 'static) -> &mut Self {
        match &mut self.0 {
            To::Server(config) => {
                config.service(route);
            }
            To::Operations(document) => document.paths.merge(route.paths()),
            To::Document(document) => {
                document.paths.merge(route.paths());
                let mut schemas = Vec::new();
                route.schemas(&mut schemas);
                document.components.get_or_insert_with(Components::new).schemas.extend(schemas);
            }
        }
        self
    }

    /// Adds those of a capability.
    pub fn configure(&mut self, routes: impl FnOnce(&mut Self)) -> &mut Self {
        routes(self);
        self
    }
}
