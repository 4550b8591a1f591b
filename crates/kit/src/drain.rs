//! Ending in order: everybody is told, and waited for up to a deadline.

use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::{
    sync::{CancellationToken, WaitForCancellationFuture},
    task::TaskTracker,
};

/// The tasks of a program and the word that ends them. Clones are the same drain.
#[derive(Debug, Clone, Default)]
pub struct Drain {
    token: CancellationToken,
    tasks: TaskTracker,
}

/// How a drain ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Drained {
    /// Every task came to its end.
    Clean,
    /// This many tasks were still at work at the deadline; they end with the runtime.
    Cut(usize),
}

impl Drain {
    /// A drain without tasks that has not begun.
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs `future` as a task that [`Self::finish`] waits for. The task itself has to heed [`Self::draining`].
    pub fn spawn<F>(&self, future: F) -> JoinHandle<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        self.tasks.spawn(future)
    }

    /// The token that is cancelled when draining begins, for what wants a child of it.
    pub fn token(&self) -> &CancellationToken {
        &self.token
    }

    /// Tells every task to end. The second time does nothing.
    pub fn begin(&self) {
        self.token.cancel();
    }

    /// Whether draining has begun.
    pub fn is_draining(&self) -> bool {
        self.token.is_cancelled()
    }

    /// Waits until draining begins.
    pub fn draining(&self) -> WaitForCancellationFuture<'_> {
        self.token.cancelled()
    }

    /// Begins, and waits for the tasks for no longer than `deadline`.
    pub async fn finish(&self, deadline: Duration) -> Drained {
        self.begin();
        self.tasks.close();
        match tokio::time::timeout(deadline, self.tasks.wait()).await {
            Ok(()) => Drained::Clean,
            Err(_) => Drained::Cut(self.tasks.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn tasks_that_heed_the_word_end_clean() {
        let drain = Drain::new();
        let heard = drain.clone();
        let task = drain.spawn(async move { heard.draining().await });
        assert!(!drain.is_draining());
        assert_eq!(drain.finish(Duration::from_secs(10)).await, Drained::Clean);
        assert!(task.await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn tasks_that_do_not_are_counted_at_the_deadline() {
        let drain = Drain::new();
        let _deaf = drain.spawn(std::future::pending::<()>());
        let _also_deaf = drain.spawn(std::future::pending::<()>());
        let _quick = drain.spawn(async {});
        let began = tokio::time::Instant::now();
        assert_eq!(drain.finish(Duration::from_secs(30)).await, Drained::Cut(2));
        assert_eq!(began.elapsed().as_secs(), 30);
    }
}
