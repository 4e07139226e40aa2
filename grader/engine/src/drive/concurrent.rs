//! Running futures concurrently.

use std::future::Future;

use futures_util::stream::{self, FuturesUnordered, StreamExt, TryStreamExt};

use crate::verdict::CheckError;

/// How many connection attempts may be in progress at the same time. A listen queue has the length that `listen` asks
/// for: 128 in Rust's std, but 5 in Python's socketserver. An attempt that finds it full is retried a second later
/// (fact 3 of RULES.md).
pub const MAX_CONNECTING: usize = 4;

/// Runs all futures concurrently until all are done or the first has failed. The results are in the order of
/// completion.
///
/// # Errors
///
/// The error of the first future that failed; the others are dropped.
pub async fn try_join_all<T>(
    futures: impl IntoIterator<Item = impl Future<Output = Result<T, CheckError>>>,
) -> Result<Vec<T>, CheckError> {
    futures.into_iter().collect::<FuturesUnordered<_>>().try_collect().await
}

/// The result of `main`; `other` runs concurrently until `main` is done.
pub async fn run_while<T>(other: impl Future, main: impl Future<Output = T>) -> T {
    let other = async {
        other.await;
        std::future::pending().await
    };
    tokio::select! {
        biased;
        result = main => result,
        result = other => result,
    }
}

/// Runs all futures, [`MAX_CONNECTING`] at a time (fact 3 of RULES.md), until all are done or the first has failed.
///
/// # Errors
///
/// The error of the first future that failed; the others are dropped.
pub async fn try_join_bounded<T>(
    futures: impl IntoIterator<Item = impl Future<Output = Result<T, CheckError>>>,
) -> Result<Vec<T>, CheckError> {
    stream::iter(futures).map(Ok).try_buffer_unordered(MAX_CONNECTING).try_collect().await
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[tokio::test]
    async fn no_more_than_the_bound_run_at_a_time() {
        let (now, most) = (Cell::new(0), Cell::new(0));
        let work = (0..50).map(|index| {
            let (now, most) = (&now, &most);
            async move {
                now.set(now.get() + 1);
                most.set(most.get().max(now.get()));
                tokio::task::yield_now().await;
                now.set(now.get() - 1);
                Ok(index)
            }
        });
        let done = try_join_bounded(work).await.unwrap_or_default();
        assert_eq!((done.len(), most.get()), (50, MAX_CONNECTING));
    }

    #[tokio::test]
    async fn the_first_failure_ends_the_others() {
        let work = (0..50).map(|index| async move {
            match index {
                7 => Err(CheckError::Inconclusive("seven".to_owned())),
                _ => std::future::pending().await,
            }
        });
        let ended: Result<Vec<()>, CheckError> = try_join_all(work).await;
        assert!(matches!(ended, Err(CheckError::Inconclusive(reason)) if reason == "seven"));
    }
}
