//! Misconception: the newest client leaves last.
//! Adds: KEPT, last_ones
//!
//! Must fail:
//! - 05/signal-under-load: the server waits only for its 32 newest clients

use std::collections::VecDeque;
use tokio::task::JoinHandle;

pub async fn serve(
    listener: TcpListener,
    mut signals: Signals,
    grace: Duration,
) -> io::Result<ExitCode> {
    let (stop, clients) = (CancellationToken::new(), TaskTracker::new());
    let in_flight = Arc::new(AtomicUsize::new(0));
    let mut handles = VecDeque::new();
    loop {
        let mut stream = tokio::select! {
            () = signals.next() => break,
            stream = accept(&listener) => stream,
        };
        let (stop, in_flight) = (stop.clone(), Arc::clone(&in_flight));
        let handle = clients.spawn(async move {
            let _ = handle(&mut stream, &stop, &in_flight).await;
        });
        handles.push_back(handle);
        if handles.len() > KEPT {
            handles.pop_front();
        }
    }
    // Keep the promises already made, and make no new ones.
    drop(listener);
    stop.cancel();
    clients.close();
    tokio::select! {
        () = last_ones(&mut handles) => return Ok(ExitCode::SUCCESS),
        () = sleep(grace) => {}
        () = signals.next() => return Ok(ExitCode::from(130)),
    }
    Ok(match in_flight.load(Ordering::Relaxed) {
        // Any remaining client has been promised nothing.
        0 => ExitCode::SUCCESS,
        number => {
            eprintln!("forced: {number} connections aborted");
            ExitCode::FAILURE
        }
    })
}

/// How many clients to wait for.
const KEPT: usize = 32;

async fn last_ones(handles: &mut VecDeque<JoinHandle<()>>) {
    for handle in handles {
        let _ = handle.await;
    }
}
