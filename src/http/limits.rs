//! How much one caller may ask: a budget a minute for each signed-in caller, or for each address before sign-in.

use std::num::NonZeroU32;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use super::{Code, Problem};

/// After so many requests, budgets that are full again are forgotten: memory follows the callers of the last minutes.
const FORGET_EVERY: u64 = 8_192;

/// The budgets of this process.
#[derive(Debug)]
pub struct Limits {
    per_minute: NonZeroU32,
    limiter: RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>,
    taken: AtomicU64,
}

/// What is left of a budget.
#[derive(Clone, Copy, Debug)]
pub struct Left {
    per_minute: u32,
    remaining: u32,
}

impl Limits {
    /// Budgets of `per_minute` requests (at least one).
    #[must_use]
    pub fn new(per_minute: u32) -> Self {
        let per_minute = NonZeroU32::new(per_minute).unwrap_or(NonZeroU32::MIN);
        let limiter = RateLimiter::keyed(Quota::per_minute(per_minute)).with_middleware::<StateInformationMiddleware>();
        Self { per_minute, limiter, taken: AtomicU64::new(0) }
    }

    /// Takes one request from the budget of `subject`.
    ///
    /// # Errors
    /// `too_many_requests` with `Retry-After`.
    pub fn take(&self, subject: &str) -> Result<Left, Problem> {
        if self.taken.fetch_add(1, Ordering::Relaxed) % FORGET_EVERY == FORGET_EVERY - 1 {
            self.forget_idle();
        }
        match self.limiter.check_key(&subject.to_owned()) {
            Ok(state) => Ok(Left { per_minute: self.per_minute.get(), remaining: state.remaining_burst_capacity() }),
            Err(not_until) => {
                let wait = not_until.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
                let mut problem = Problem::new(Code::TooManyRequests).header(RETRY_AFTER, HeaderValue::from(wait));
                for (name, value) in (Left { per_minute: self.per_minute.get(), remaining: 0 }).headers() {
                    problem = problem.header(name, value);
                }
                Err(problem)
            }
        }
    }

    /// Forgets budgets that are full again, so that memory does not grow with the number of callers ever seen.
    fn forget_idle(&self) {
        self.limiter.retain_recent();
        self.limiter.shrink_to_fit();
    }
}

impl Left {
    fn headers(self) -> Vec<(HeaderName, HeaderValue)> {
        let policy = format!("\"minute\";q={};w=60", self.per_minute);
        let left = format!("\"minute\";r={};t=60", self.remaining);
        [("ratelimit-policy", policy), ("ratelimit", left)]
            .into_iter()
            .filter_map(|(name, value)| Some((HeaderName::from_static(name), HeaderValue::from_str(&value).ok()?)))
            .collect()
    }

    /// Writes `RateLimit-Policy` and `RateLimit`.
    pub fn write(self, headers: &mut HeaderMap) {
        for (name, value) in self.headers() {
            headers.insert(name, value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_each_callers_own_and_ends() {
        let limits = Limits::new(2);
        assert!(limits.take("a").is_ok() && limits.take("a").is_ok());
        assert_eq!(limits.take("a").unwrap_err().code(), Code::TooManyRequests);
        assert!(limits.take("b").is_ok());
    }
}
