//! Programs that misbehave in many ways, for the grader's own tests: `hostile MODE`. They ignore the lab's
//! flags.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::process::parent_id;
use std::process::{Command, exit};
use std::thread;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

fn main() -> io::Result<()> {
    let mut words = std::env::args().skip(1);
    let mode = words.next().unwrap_or_default();
    if words.next().as_deref() == Some("connect") {
        return visit(&mode, &words.next().unwrap_or_default());
    }
    let listener = TcpListener::bind("127.0.0.1:0")?;
    match mode.as_str() {
        // Do not print where they listen.
        "never-prints" => echo(&listener),
        "never-prints-awake" => loop {
            thread::sleep(Duration::from_millis(20));
        },
        "not-flushed" => {
            // As in languages that buffer output to a pipe in blocks.
            let mut out = io::BufWriter::new(io::stdout());
            writeln!(out, "listening on {}", listener.local_addr()?)?;
            echo(&listener)
        }
        // Print something else.
        "garbage-first" => {
            println!("Server v1.0 starting up");
            announce(&listener)?;
            echo(&listener)
        }
        "invalid-utf8" => {
            io::stdout().write_all(b"\xff\xfe\x00listening\n")?;
            echo(&listener)
        }
        "listens-elsewhere" => {
            let other = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
            println!("listening on {other}");
            echo(&listener)
        }
        "no-newline" => loop {
            io::stdout().write_all(&[b'x'; 65536])?;
        },
        // Exit at once, or right after listening.
        "exits-at-once" => {
            eprintln!("error: cannot do it");
            exit(3);
        }
        "exits-after-listening" => {
            announce(&listener)?;
            exit(0);
        }
        // Die midway, or echo wrongly or slowly.
        "dies-midway" => {
            announce(&listener)?;
            let first = listener.accept()?;
            thread::spawn(move || io::copy(&mut &first.0, &mut &first.0));
            thread::spawn(|| {
                thread::sleep(Duration::from_millis(150));
                eprintln!("error: the disk is full");
                exit(3);
            });
            echo(&listener)
        }
        "echoes-wrong" => {
            announce(&listener)?;
            loop {
                let (stream, _) = listener.accept()?;
                thread::spawn(move || lie(&stream));
            }
        }
        "adds-a-byte" => {
            announce(&listener)?;
            loop {
                let (stream, _) = listener.accept()?;
                thread::spawn(move || echo_and(&stream, |mut stream| stream.write_all(b"!")));
            }
        }
        "trickles" => {
            announce(&listener)?;
            loop {
                let (stream, _) = listener.accept()?;
                thread::spawn(move || trickle(&stream));
            }
        }
        // Closes nine of ten connections late, and serves every tenth.
        "keeps-every-tenth" => {
            announce(&listener)?;
            for number in 1_u32.. {
                let (stream, _) = listener.accept()?;
                if number.is_multiple_of(10) {
                    thread::spawn(move || io::copy(&mut &stream, &mut &stream));
                } else {
                    thread::spawn(move || {
                        thread::sleep(Duration::from_millis(50));
                        drop(stream);
                    });
                }
            }
            Ok(())
        }
        // The server is correct; for the client program, see `visit`.
        visits if visits.starts_with("visits") => {
            announce(&listener)?;
            echo(&listener)
        }
        // Resist being stopped, or leave processes behind.
        "ignores-sigterm" => {
            ignore_sigterm();
            announce(&listener)?;
            echo(&listener)
        }
        "forks" => {
            escape();
            announce(&listener)?;
            echo(&listener)
        }
        "kills-its-parent" => {
            escape();
            announce(&listener)?;
            signal_parent(Signal::KILL)?;
            echo(&listener)
        }
        "stops-its-parent" => {
            escape();
            announce(&listener)?;
            signal_parent(Signal::STOP)?;
            echo(&listener)
        }
        // Constantly starts children that exit immediately.
        "starts-processes" => {
            announce(&listener)?;
            let this = std::env::current_exe()?;
            thread::spawn(move || {
                loop {
                    let _ = Command::new(&this).arg("ends").status();
                }
            });
            echo(&listener)
        }
        // The kernel takes milliseconds to free this memory, so the process takes that long to exit.
        "ends" => {
            std::mem::forget(vec![1_u8; 64 << 20]);
            exit(0)
        }
        // As a C program may do by calling pthread_exit in main.
        "first-thread-ends" => {
            announce(&listener)?;
            thread::spawn(move || echo(&listener));
            end_this_thread()
        }
        // Prints too much.
        "floods" => {
            announce(&listener)?;
            thread::spawn(|| flood(io::stdout()));
            thread::spawn(|| flood(io::stderr()));
            echo(&listener)
        }
        // Never answers, but never sleeps forever either: no hang can be proven.
        "hangs-awake" => {
            announce(&listener)?;
            let mut streams = Vec::new();
            loop {
                listener.set_nonblocking(true)?;
                streams.extend(listener.accept());
                thread::sleep(Duration::from_millis(20));
            }
        }
        // Sleep forever once a client has connected, each in its own way.
        "hangs-in-accept" => {
            announce(&listener)?;
            let mut kept = Vec::new();
            loop {
                kept.push(listener.accept()?);
            }
        }
        "hangs-in-read" => {
            announce(&listener)?;
            let (mut stream, _) = listener.accept()?;
            let mut buffer = [0; 1 << 20];
            loop {
                stream.read_exact(&mut buffer)?;
            }
        }
        "hangs-in-futex" => hang(&listener, thread::park),
        "hangs-in-poll" => hang(&listener, || {
            let _ = rustix::event::poll(&mut [], None);
        }),
        "hangs-in-select" => hang(&listener, || {
            // SAFETY: no descriptor is watched, so none has to stay open.
            #[allow(unsafe_code)]
            let _ = unsafe { rustix::event::select(0, None, None, None, None) };
        }),
        "hangs-in-epoll" => hang(&listener, || {
            let flags = rustix::event::epoll::CreateFlags::CLOEXEC;
            if let Ok(epoll) = rustix::event::epoll::create(flags) {
                let mut events = Vec::with_capacity(8);
                let room = rustix::buffer::spare_capacity(&mut events);
                let _ = rustix::event::epoll::wait(&epoll, room, None);
            }
        }),
        "hangs-in-a-pipe" => hang(&listener, || {
            if let Ok((reader, writer)) = io::pipe() {
                let _ = { reader }.read(&mut [0]);
                drop(writer);
            }
        }),
        "hangs-in-wait" => hang(&listener, || drop(Command::new(this()).arg("deaf").status())),
        "deaf" => loop {
            thread::park();
        },
        // Answer late, each in its own way; none of them hangs.
        "late-by-sleep" => late(&listener, || thread::sleep(LATE)),
        "late-by-futex" => late(&listener, || thread::park_timeout(LATE)),
        "late-by-poll" => late(&listener, || {
            let time = rustix::event::Timespec::try_from(LATE).ok();
            let _ = rustix::event::poll(&mut [], time.as_ref());
        }),
        "late-by-work" => late(&listener, || {
            let begin = std::time::Instant::now();
            while begin.elapsed() < LATE {
                std::hint::spin_loop();
            }
        }),
        "late-by-child" => late(&listener, || {
            drop(Command::new("sleep").arg(LATE.as_secs_f64().to_string()).status());
        }),
        // Never closes the streams of clients that reset their connections.
        "keeps-reset-streams" => {
            announce(&listener)?;
            loop {
                let (stream, _) = listener.accept()?;
                thread::spawn(move || {
                    if io::copy(&mut &stream, &mut &stream).is_err() {
                        std::mem::forget(stream);
                    }
                });
            }
        }
        // Answers only when a read has timed out.
        "read-timeouts" => {
            announce(&listener)?;
            loop {
                let (stream, _) = listener.accept()?;
                thread::spawn(move || answer_after_timeout(&stream));
            }
        }
        _ => {
            eprintln!("error: there is no mode {mode}");
            exit(2)
        }
    }
}

fn announce(listener: &TcpListener) -> io::Result<()> {
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()
}

/// A correct solution to lab 01, except for the connection limit.
fn echo(listener: &TcpListener) -> io::Result<()> {
    loop {
        match listener.accept() {
            Ok((stream, _)) => drop(thread::spawn(move || io::copy(&mut &stream, &mut &stream))),
            Err(_) => thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Sends back each byte with one bit flipped.
fn lie(mut stream: &TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer)?;
        buffer[..count].iter_mut().for_each(|byte| *byte ^= 1);
        stream.write_all(&buffer[..count])?;
    }
}

/// Sends back what arrives, and calls `then` after each write.
fn echo_and(mut stream: &TcpStream, then: fn(&TcpStream) -> io::Result<()>) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer)?;
        stream.write_all(&buffer[..count])?;
        then(stream)?;
    }
}

/// Sends back what arrives, one byte every 300 ms.
fn trickle(mut stream: &TcpStream) -> io::Result<()> {
    let mut buffer = [0; 4096];
    loop {
        let count = stream.read(&mut buffer)?;
        for byte in &buffer[..count] {
            stream.write_all(&[*byte])?;
            thread::sleep(Duration::from_millis(300));
        }
    }
}

/// How late the `late` modes answer: many times as long as it takes to prove a hang.
const LATE: Duration = Duration::from_millis(600);

/// Serves each client with a thread that never returns from `hang`.
fn hang(listener: &TcpListener, hang: fn()) -> io::Result<()> {
    late(listener, hang) // later than ever
}

/// Serves each client with a thread that calls `wait` before it begins to answer.
fn late(listener: &TcpListener, wait: fn()) -> io::Result<()> {
    announce(listener)?;
    loop {
        let (stream, _) = listener.accept()?;
        thread::spawn(move || {
            wait();
            io::copy(&mut &stream, &mut &stream)
        });
    }
}

/// The client programs.
fn visit(mode: &str, address: &str) -> io::Result<()> {
    match mode {
        "visits-and-never-reads" => {
            let _kept = TcpStream::connect(address)?;
            loop {
                thread::park();
            }
        }
        "visits-and-never-exits" => {
            let server = TcpStream::connect(address)?;
            let mut to_server = server.try_clone()?;
            thread::spawn(move || {
                let _ = io::copy(&mut io::stdin(), &mut to_server);
                let _ = to_server.shutdown(std::net::Shutdown::Write);
            });
            let mut from_server = server;
            let mut buffer = [0; 4096];
            loop {
                match from_server.read(&mut buffer) {
                    Ok(0) | Err(_) => thread::park(),
                    Ok(count) => {
                        io::stdout().write_all(&buffer[..count])?;
                        io::stdout().flush()?;
                    }
                }
            }
        }
        "visits-and-floods" => {
            let _kept = TcpStream::connect(address)?;
            loop {
                io::stdout().write_all(&[b'x'; 65536])?;
            }
        }
        "visits-and-floods-errors" => {
            let _kept = TcpStream::connect(address)?;
            loop {
                io::stderr().write_all(&[b'x'; 4096])?;
                thread::sleep(Duration::from_millis(1));
            }
        }
        "visits-with-a-terminal" => {
            let mut terminal =
                std::fs::OpenOptions::new().read(true).write(true).open("/dev/tty")?;
            terminal.write_all(b"your name? ")?;
            terminal.read_exact(&mut [0])
        }
        "visits-and-leaves-a-child" => {
            let _kept = TcpStream::connect(address)?;
            Command::new(this()).arg("deaf").spawn()?;
            exit(0)
        }
        _ => exit(4),
    }
}

/// This executable.
fn this() -> std::path::PathBuf {
    std::env::current_exe().unwrap_or_default()
}

/// Collects data until a read times out after 400 ms, then answers.
fn answer_after_timeout(mut stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_millis(400)))?;
    let mut waiting = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => return stream.write_all(&waiting),
            Ok(count) => waiting.extend_from_slice(&buffer[..count]),
            Err(_) => stream.write_all(&std::mem::take(&mut waiting))?,
        }
    }
}

fn signal_parent(signal: Signal) -> io::Result<()> {
    let parent = i32::try_from(parent_id()).ok().and_then(Pid::from_raw);
    Ok(parent.map_or(Ok(()), |parent| kill_process(parent, signal))?)
}

/// Starts processes that outlive it, in a session and process group of their own.
fn escape() {
    let script = "(setsid sh -c 'sleep 1000 & sleep 1000' &)";
    let _ = Command::new("sh").arg("-c").arg(script).status();
}

#[allow(unsafe_code)]
fn end_this_thread() -> ! {
    // SAFETY: exit(2), unlike exit_group(2), ends only the calling thread, which holds nothing.
    unsafe {
        libc::syscall(libc::SYS_exit, 0);
    }
    unreachable!("the thread has ended")
}

/// Writes 1 GiB.
fn flood(mut out: impl Write) -> io::Result<()> {
    let block = vec![b'x'; 1 << 20];
    (0..1024).try_for_each(|_| out.write_all(&block))
}

#[allow(unsafe_code)]
fn ignore_sigterm() {
    // SAFETY: SIG_IGN is a valid disposition, and no handler runs.
    unsafe {
        libc::signal(libc::SIGTERM, libc::SIG_IGN);
    }
}
