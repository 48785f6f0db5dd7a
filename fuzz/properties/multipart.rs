//! A form of several parts (RFC 7578), arriving in pieces.

use actix_multipart::Multipart;
use actix_web::error::PayloadError;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use bytes::Bytes;
use futures_util::{FutureExt as _, stream};
use negozio::platform::http::multipart::{Form, FormFields};

use super::{Reader, SMALL};

const BOUNDARY: &str = "seam";
const FIELDS: FormFields = FormFields { texts: &["kind", "mrz"], files: &["front", "back"], file_limit: 2000 };
const TEXT_LIMIT: usize = 4096;

/// This reader, under the name of its fuzz target.
pub const READER: Reader = Reader { name: "multipart", check, seeds, memory_limit };

/// The first byte tells how the rest is cut into pieces.
pub fn check(bytes: &[u8]) {
    let Some((piece, body)) = bytes.split_first() else { return };
    let piece = usize::from(*piece).max(1) * 7;
    let pieces: Vec<Result<Bytes, PayloadError>> =
        body.chunks(piece).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    let mut headers = HeaderMap::new();
    let form_data = HeaderValue::from_static("multipart/form-data; boundary=seam");
    headers.insert(CONTENT_TYPE, form_data);
    let form = Form::read(Multipart::new(&headers, stream::iter(pieces)), FIELDS);
    // All has arrived: a reader that still waits would wait for ever.
    let Some(Ok(form)) = form.now_or_never() else { return };
    for name in FIELDS.texts {
        assert!(form.text(name).is_none_or(|text| text.len() <= TEXT_LIMIT && !text.contains('\0')));
    }
    for name in FIELDS.files {
        assert!(form.file(name).is_none_or(|file| file.len() <= FIELDS.file_limit));
    }
    assert_eq!(form.sha256(), form.sha256());
}

/// Forms of one text, of two files, and of a part that nobody asked for.
pub fn seeds() -> Vec<Vec<u8>> {
    let part = |name: &str, content: &str| {
        format!("--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
    };
    let file = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"front\"; filename=\"a.jpg\"\r\nContent-Type: image/jpeg\r\n\r\n\
         {}\r\n",
        "x".repeat(900)
    );
    let end = format!("--{BOUNDARY}--\r\n");
    let forms = [
        part("kind", "passport") + &end,
        part("kind", "identity_card") + &file + &part("back", "y") + &end,
        part("other", "1") + &end,
        part("kind", "a") + &part("kind", "b") + &end,
    ];
    forms.iter().flat_map(|form| [40, 1].map(|piece| [&[piece], form.as_bytes()].concat())).collect()
}

/// The pieces, what the parser holds of them, and the parts.
pub fn memory_limit(input: usize) -> usize {
    input * 24 + 4 * SMALL
}
