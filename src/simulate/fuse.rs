//! The moment at which the played process dies or falls asleep: at a commit, at a byte of a request, at a call to the bank.
//!
//! SQLite tells of each commit before it takes effect. From the moment of death no commit takes effect any more, no call reaches the
//! bank, and whatever ran is dropped at its next turn: what it did in between is lost with its memory.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use futures_util::future::LocalBoxFuture;

/// Counts commits and ends the process.
#[derive(Debug, Default)]
pub(super) struct Fuse(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    dead: bool,
    asleep: bool,
    commits: u64,
    crash: Option<AtCommit>,
}

/// Death at a commit.
#[derive(Clone, Copy, Debug)]
struct AtCommit {
    left: u64,
    after: bool,
}

/// How a run of one part of the service ended.
pub(super) enum Ran<T> {
    /// With this answer.
    Done(T),
    /// The process died.
    Died,
    /// It waits for the bank; others go on meanwhile.
    Asleep(LocalBoxFuture<'static, T>),
}

impl Fuse {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The process dies at the commit after `commits` others: after it took effect, or before.
    pub(super) fn arm(&self, commits: u64, after: bool) {
        self.state().crash = Some(AtCommit { left: commits, after });
    }

    /// No death is due any more.
    pub(super) fn disarm(&self) {
        self.state().crash = None;
    }

    /// A commit is about to take effect; false: it must not.
    pub(super) fn commit(&self) -> bool {
        let mut state = self.state();
        if state.dead {
            return false;
        }
        state.commits += 1;
        match &mut state.crash {
            None => true,
            Some(crash) if crash.left > 0 => {
                crash.left -= 1;
                true
            }
            Some(crash) => {
                let after = crash.after;
                state.crash = None;
                state.dead = true;
                after
            }
        }
    }

    /// Commits that took effect.
    pub(super) fn commits(&self) -> u64 {
        self.state().commits
    }

    /// The process dies now.
    pub(super) fn die(&self) {
        self.state().dead = true;
    }

    /// True once it died.
    pub(super) fn is_dead(&self) -> bool {
        self.state().dead
    }

    /// Another process takes its place.
    pub(super) fn renew(&self) {
        let mut state = self.state();
        state.dead = false;
        state.asleep = false;
        state.crash = None;
    }

    /// Whatever runs falls asleep at its next wait.
    pub(super) fn sleep(&self) {
        self.state().asleep = true;
    }

    fn fell_asleep(&self) -> bool {
        std::mem::take(&mut self.state().asleep)
    }

    /// Runs `future` until it ends, dies or falls asleep.
    pub(super) async fn drive<T>(self: &Arc<Self>, future: LocalBoxFuture<'static, T>) -> Ran<T> {
        let mut future: Option<LocalBoxFuture<'static, T>> = Some(future);
        poll_fn(|context| {
            let Some(running) = &mut future else { return Poll::Ready(Ran::Died) };
            if self.is_dead() {
                future = None;
                return Poll::Ready(Ran::Died);
            }
            let polled = Pin::new(running).poll(context);
            if self.is_dead() {
                // In a turn of its own: a call that it had under way may still hold what it borrows.
                future = None;
                return Poll::Ready(Ran::Died);
            }
            match polled {
                Poll::Ready(answer) => Poll::Ready(Ran::Done(answer)),
                Poll::Pending if self.fell_asleep() => match future.take() {
                    Some(sleeper) => Poll::Ready(Ran::Asleep(sleeper)),
                    None => Poll::Ready(Ran::Died),
                },
                Poll::Pending => Poll::Pending,
            }
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_process_dies_at_its_commit_and_nothing_takes_effect_after_it() {
        for (after, effect) in [(false, [true, true, false, false]), (true, [true, true, true, false])] {
            let fuse = Fuse::default();
            fuse.arm(2, after);
            assert_eq!([(); 4].map(|()| fuse.commit()), effect);
            assert!(fuse.is_dead());
            fuse.renew();
            assert!(fuse.commit() && !fuse.is_dead());
        }
    }
}
