//! The XHTML error pages, byte for byte as captured.
//!
//! Each front end writes the line of the document type with its own white space: the 401 of Xen
//! with one tab (343 bytes), the 404 with nine spaces (345 bytes).

macro_rules! page {
    ($indent:literal, $title:literal) => {
        concat!(
            "<?xml version=\"1.0\" encoding=\"iso-8859-1\"?>\n",
            "<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\"\n",
            $indent,
            "\"http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd\">\n",
            "<html xmlns=\"http://www.w3.org/1999/xhtml\" xml:lang=\"en\" lang=\"en\">\n",
            " <head>\n  <title>",
            $title,
            "</title>\n </head>\n <body>\n  <h1>",
            $title,
            "</h1>\n </body>\n</html>\n"
        )
    };
}

/// The page of a 401 on Xen.
pub const UNAUTHORIZED: &str = page!("\t", "401 - Unauthorized");

/// The page of a 404, on both front ends.
pub const NOT_FOUND: &str = page!("         ", "404 - Not Found");

/// The page of a 400 on Xen; its bytes are our choice, after the 401's.
pub const BAD_REQUEST: &str = page!("\t", "400 - Bad Request");

/// The page of a 417 on Xen. That there is one is known, as of the 401; its bytes are our choice.
pub const EXPECTATION_FAILED: &str = page!("\t", "417 - Expectation Failed");

#[cfg(test)]
mod tests {
    use sha2::{Digest, Sha256};

    use super::*;

    /// Lengths are the captured `Content-Length`; digests those of the captured pages.
    #[test]
    fn pages_have_the_captured_bytes() {
        let digest = |page: &str| base16ct::lower::encode_string(&Sha256::digest(page));
        assert_eq!(UNAUTHORIZED.len(), 343);
        assert_eq!(
            digest(UNAUTHORIZED),
            "09b6480886096d443818728d5ffaab52de59ac03d4eab49ffbc4683c5d921352"
        );
        assert_eq!(NOT_FOUND.len(), 345);
        assert_eq!(
            digest(NOT_FOUND),
            "beab79184bf1fca1f52ff3761f8a533827106fef3749c6c9c9a3e7eec619a226"
        );
        assert_eq!(BAD_REQUEST.len(), 341);
        assert_eq!(EXPECTATION_FAILED.len(), 355);
    }
}
