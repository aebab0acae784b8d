//! Whether the log beside the file has lost what was committed.
//!
//! SQLite takes the log to end at the first frame whose checksum is wrong, because power loss tears
//! what was written last. Damage further up looks the same to it: every commit from there on would
//! be gone, and overwritten by the next. But each commit is flushed before the next is begun, so
//! what power loss tears is one commit, and where two or more follow it is damage.
//!
//! The layout is from <https://www.sqlite.org/fileformat2.html#the_write_ahead_log>.

/// How long the log's own header is.
pub(super) const HEADER: u64 = 32;

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
    let frame_len = FRAME_HEADER + page_size;
    let places = (header.len()..).step_by(frame_len);
    let mut frames = places.zip(frames.chunks_exact(frame_len)).peekable();
    while frames
        .next_if(|(_, frame)| {
            frame[8..16] == *salt
                && sum.agrees(&[&frame[..8], &frame[FRAME_HEADER..]], &frame[16..FRAME_HEADER])
        })
        .is_some()
    {}
    // A frame that ends a commit has the size of the file after it; others have 0.
    let passed_over = frames
        .filter(|(place, frame)| is_whole(*place) && frame[8..16] == *salt && word(frame, 4) > 0);
    (passed_over.count() > 1).then_some("commits in its log cannot be read")
}

/// Whether a frame's header can only be there as a whole. Disks write whole sectors; a header in two
/// of them may be half that of a frame which was there before the log was begun anew.
fn is_whole(place: usize) -> bool {
    place % SECTOR + FRAME_HEADER <= SECTOR
}

/// Bytes of a frame before its page: page number, size of the file, salt and checksum.
pub(super) const FRAME_HEADER: usize = 24;

/// The smallest unit in which disks write, in bytes.
const SECTOR: usize = 512;

/// The checksum of everything up to a place in the log.
struct Sum {
    is_big_endian: bool,
    value: [u32; 2],
}

impl Sum {
    /// Goes on over `parts`, whose lengths are multiples of 8, and compares.
    fn agrees(&mut self, parts: &[&[u8]], expected: &[u8]) -> bool {
        self.value = match self.is_big_endian {
            true => sum(self.value, parts, u32::from_be_bytes),
            false => sum(self.value, parts, u32::from_le_bytes),
        };
        self.value == [word(expected, 0), word(expected, 4)]
    }
}

/// A log may have megabytes, all of which are read at each start.
fn sum(value: [u32; 2], parts: &[&[u8]], read: impl Fn([u8; 4]) -> u32) -> [u32; 2] {
    let pairs = parts.iter().flat_map(|part| part.as_chunks().0.as_chunks().0);
    pairs.fold(value, |[first, second], [one, other]| {
        let first = first.wrapping_add(read(*one)).wrapping_add(second);
        [first, second.wrapping_add(read(*other)).wrapping_add(first)]
    })
}

/// The big-endian number at `place`.
fn word(bytes: &[u8], place: usize) -> u32 {
    bytes[place..place + 4].iter().fold(0, |word, byte| word << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: usize = 4096;
    const OLD: [u8; 8] = *b"old salt";
    const NEW: [u8; 8] = *b"new salt";

    /// A log with one frame for each of `commits`, which says whether it ends a commit.
    fn log(salt: [u8; 8], commits: impl IntoIterator<Item = bool>) -> Vec<u8> {
        let mut sum = Sum { is_big_endian: true, value: [0, 0] };
        let mut log = [&0x377f_0683_u32.to_be_bytes()[..], &[0; 20]].concat();
        log[8..12].copy_from_slice(&4096_u32.to_be_bytes());
        log[16..24].copy_from_slice(&salt);
        sum.agrees(&[&log], &[0; 8]);
        log.extend(sum.value.map(u32::to_be_bytes).concat());
        for (number, ends_commit) in (1_u32..).zip(commits) {
            let start = [number, u32::from(ends_commit)].map(u32::to_be_bytes).concat();
            let page = vec![number.to_le_bytes()[0]; PAGE];
            sum.agrees(&[&start, &page], &[0; 8]);
            log.extend(
                [&start[..], &salt, &sum.value.map(u32::to_be_bytes).concat(), &page].concat(),
            );
        }
        log
    }

    /// Guards against the remains of an older log being taken for commits: power was lost while the
    /// last commit, which is in the frames from the 41st on, was written over them.
    #[test]
    fn a_torn_header_is_no_commit() {
        let place = 32 + 41 * (FRAME_HEADER + PAGE);
        assert_eq!(place % SECTOR, SECTOR - 8, "a sector ends in the middle of this header");
        let old = log(OLD, [true; 60]);
        let mut torn = log(NEW, (1..=45).map(|number| number == 41 || number == 45));
        torn.extend(&old[torn.len()..]);
        assert_eq!(damage(&torn), None);
        torn[place..place + 8].copy_from_slice(&old[place..place + 8]);
        assert_eq!(damage(&torn), None);
    }

    #[test]
    fn commits_behind_what_cannot_be_read_are_damage() {
        let mut log = log(NEW, [true; 10]);
        let frame = |number: usize| 32 + number * (FRAME_HEADER + PAGE);
        log[frame(9) + 100] ^= 1;
        assert_eq!(damage(&log), None, "the last commit may be torn");
        log[frame(5) + 100] ^= 1;
        assert_eq!(damage(&log), Some("commits in its log cannot be read"));
        log[20] ^= 1;
        assert_eq!(damage(&log), Some("its log has a bad header"));
    }
}
