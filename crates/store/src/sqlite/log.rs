//! Whether the log beside the file has lost what was committed.
//!
//! SQLite takes the log to end at the first frame whose checksum is wrong, because power loss tears
//! what was written last. Damage further up looks the same to it: every commit from there on would
//! be gone, and overwritten by the next. But each commit is flushed before the next is begun, so
//! what power loss tears is one commit, and where two or more follow it is damage.
//!
//! The layout is from <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>.

/// What is wrong with a log, if anything is.
pub(super) fn damage(log: &[u8]) -> Option<&'static str> {
    let (header, frames) = log.split_first_chunk::<32>()?;
    if frames.is_empty() {
        return None;
    }
    let mut sum = Sum { is_big_endian: header[3] & 1 == 1, value: [0, 0] };
    // The header was flushed before the first frame was written.
    if !sum.agrees(&[&header[..24]], &header[24..]) {
        return Some("its log has a bad header");
    }
    let (page_size, salt) = (word(header, 8) as usize, &header[16..24]);
    let mut frames = frames.chunks_exact(FRAME_HEADER + page_size).peekable();
    while frames
        .next_if(|frame| {
            frame[8..16] == *salt
                && sum.agrees(&[&frame[..8], &frame[FRAME_HEADER..]], &frame[16..FRAME_HEADER])
        })
        .is_some()
    {}
    // A frame that ends a commit has the size of the file after it; others have 0.
    let passed_over = frames.filter(|frame| frame[8..16] == *salt && word(frame, 4) > 0).count();
    (passed_over > 1).then_some("commits in its log cannot be read")
}

/// Bytes of a frame before its page: page number, size of the file, salt and checksum.
const FRAME_HEADER: usize = 24;

/// The checksum of everything up to a place in the log.
struct Sum {
    is_big_endian: bool,
    value: [u32; 2],
}

impl Sum {
    /// Goes on over `parts`, whose lengths are multiples of 8, and compares.
    fn agrees(&mut self, parts: &[&[u8]], expected: &[u8]) -> bool {
        for pair in parts.iter().flat_map(|part| part.chunks_exact(8)) {
            let [mut first, mut second] = self.value;
            first = first.wrapping_add(self.word(&pair[..4])).wrapping_add(second);
            second = second.wrapping_add(self.word(&pair[4..])).wrapping_add(first);
            self.value = [first, second];
        }
        self.value == [word(expected, 0), word(expected, 4)]
    }

    fn word(&self, bytes: &[u8]) -> u32 {
        let word = word(bytes, 0);
        if self.is_big_endian { word } else { word.swap_bytes() }
    }
}

/// The big-endian number at `place`.
fn word(bytes: &[u8], place: usize) -> u32 {
    bytes[place..place + 4].iter().fold(0, |word, byte| word << 8 | u32::from(*byte))
}
