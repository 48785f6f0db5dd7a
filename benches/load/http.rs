//! A client that costs little: HTTP/1.1 on one kept-alive connection, requests as bytes, and of an answer only what is
//! measured. On a machine that client and server share, a full client would be most of what is measured.

use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A connection that one request at a time goes over.
pub struct Connection {
    stream: TcpStream,
    address: SocketAddr,
    received: Vec<u8>,
}

/// An answer.
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Names in lower case, and values.
    pub headers: Vec<(String, String)>,
    /// The whole body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as JSON, if the status is the expected one.
    pub fn json(&self, expected: u16, asked: &str) -> Result<Value, String> {
        if self.status != expected {
            return Err(format!("{asked} answered {}: {}", self.status, String::from_utf8_lossy(&self.body)));
        }
        serde_json::from_slice(&self.body).map_err(|error| format!("{asked}: {error}"))
    }
}

impl Connection {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Result<Self, String> {
        let stream = TcpStream::connect(address).await.map_err(|error| format!("{address}: {error}"))?;
        stream.set_nodelay(true).map_err(|error| error.to_string())?;
        Ok(Self { stream, address, received: Vec::with_capacity(16 * 1024) })
    }

    /// Sends a request of some headers and maybe a JSON body.
    pub async fn send(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<Answer, String> {
        let request = request(self.address, method, path, headers, body);
        let (head, length) = self.exchange(&request).await.map_err(|error| format!("{method} {path}: {error}"))?;
        let text = String::from_utf8_lossy(&self.received[..head]);
        let headers = text.split("\r\n").skip(1).filter_map(|line| line.split_once(':'));
        if text.to_ascii_lowercase().contains("\r\nconnection: close\r\n") {
            return Err(format!("{method} {path} was answered {}, and the connection closed", status(&self.received)?));
        }
        Ok(Answer {
            status: status(&self.received)?,
            headers: headers.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect(),
            body: self.received[head..length].to_vec(),
        })
    }

    /// Sends the same bytes as before and looks only at the status and the length of the answer.
    pub async fn repeat(&mut self, request: &[u8], expected_body: usize) -> Result<(), String> {
        let (head, length) = self.exchange(request).await?;
        match status(&self.received)? {
            200 if length - head == expected_body => Ok(()),
            status => {
                Err(format!("answered {status} with {} bytes instead of 200 with {expected_body}", length - head))
            }
        }
    }

    /// The lengths of the answer's head, and of all of it.
    async fn exchange(&mut self, request: &[u8]) -> Result<(usize, usize), String> {
        self.stream.write_all(request).await.map_err(|error| error.to_string())?;
        self.received.clear();
        loop {
            if self.stream.read_buf(&mut self.received).await.map_err(|error| error.to_string())? == 0 {
                return Err("the server closed the connection".to_owned());
            }
            let Some(end) = self.received.windows(4).position(|bytes| bytes == b"\r\n\r\n") else { continue };
            let head = end + 4;
            let length = head + content_length(&self.received[..head])?;
            while self.received.len() < length {
                if self.stream.read_buf(&mut self.received).await.map_err(|error| error.to_string())? == 0 {
                    return Err("the server closed the connection within an answer".to_owned());
                }
            }
            return Ok((head, length));
        }
    }
}

/// A request as it goes over the wire.
pub fn request(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&Value>,
) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nhost: {address}\r\n");
    for (name, value) in headers {
        text += &format!("{name}: {value}\r\n");
    }
    match body.map(Value::to_string) {
        Some(body) => {
            text += &format!("content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len())
        }
        None if method == "GET" => text += "\r\n",
        None => text += "content-length: 0\r\n\r\n",
    }
    text.into_bytes()
}

fn status(answer: &[u8]) -> Result<u16, String> {
    let digits = answer.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok());
    digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| "an answer without a status".to_owned())
}

fn content_length(head: &[u8]) -> Result<usize, String> {
    const NAME: &[u8] = b"content-length:";
    let line = head
        .split(|byte| *byte == b'\n')
        .find(|line| line.get(..NAME.len()).is_some_and(|name| name.eq_ignore_ascii_case(NAME)));
    let value = line.and_then(|line| std::str::from_utf8(&line[NAME.len()..]).ok());
    value.and_then(|value| value.trim().parse().ok()).ok_or_else(|| "an answer without a length".to_owned())
}
