//! Misconception: a port without a listener is free.
//!
//! Must fail:
//! - 05/restart-same-port: connections in TIME_WAIT keep it in use

pub fn listen(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = match addr {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    socket.bind(addr)?;
    socket.listen(1024)
}
