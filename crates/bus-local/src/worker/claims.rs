//! Which jobs run at this moment. In memory: with the death of the process nothing runs.

use std::{
    collections::HashSet,
    sync::{Arc, Mutex, PoisonError},
};

/// The jobs that run, of all groups. Bounded by the concurrency of the live workers.
#[derive(Default)]
pub(crate) struct Claims(Mutex<HashSet<i64>>);

/// Keeps a job from other workers until it is dropped.
pub(crate) struct Claim {
    claims: Arc<Claims>,
    job: i64,
}

impl Claims {
    /// Claims a job, unless it runs.
    pub(crate) fn claim(self: &Arc<Self>, job: i64) -> Option<Claim> {
        let is_free = self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(job);
        is_free.then(|| Claim { claims: self.clone(), job })
    }

    pub(crate) fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.claims.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.job);
    }
}
