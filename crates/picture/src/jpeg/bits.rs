//! How do the coded bytes of a scan become bits? A zero after FF is dropped, and a marker ends them.

/// The bits of a scan, first ones first.
pub(super) struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
    /// The next bits, from the top. What stands below `count` are bits that will be read again.
    buffer: u64,
    count: u32,
    /// Zeros that were appended since a marker ended the data.
    appended: u32,
}

impl<'a> Bits<'a> {
    pub(super) fn new(bytes: &'a [u8], at: usize) -> Self {
        Self {
            bytes,
            at,
            buffer: 0,
            count: 0,
            appended: 0,
        }
    }

    /// Sees to 32 bits, enough for a code and its value.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        if self.count >= 32 {
            return;
        }
        if let Some(next) = self.bytes.get(self.at..).and_then(|b| b.first_chunk()) {
            let word = u64::from_be_bytes(*next);
            // A byte of FF is a zero here: subtraction borrows into its highest bit.
            let other = !word;
            let zero = other.wrapping_sub(0x0101_0101_0101_0101) & word & 0x8080_8080_8080_8080;
            if zero == 0 {
                self.buffer |= word >> self.count;
                let bytes = (63 - self.count) / 8;
                self.at += bytes as usize;
                self.count += 8 * bytes;
                return;
            }
        }
        self.refill_slowly();
    }

    fn refill_slowly(&mut self) {
        while self.count <= 56 {
            let byte = match self.bytes.get(self.at) {
                Some(0xFF) => {
                    // FF may be repeated before what it announces.
                    let next = self.bytes[self.at..].iter().position(|b| *b != 0xFF);
                    let next = next.map(|skipped| self.at + skipped);
                    match next {
                        Some(next) if self.bytes[next] == 0 => {
                            self.at = next + 1;
                            0xFF
                        }
                        _ => self.append(),
                    }
                }
                Some(byte) => {
                    self.at += 1;
                    *byte
                }
                None => self.append(),
            };
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    fn append(&mut self) -> u8 {
        self.appended = self.appended.saturating_add(8);
        0
    }

    /// Whether more was read than there is. A few bits are forgiven: encoders differ in how they end.
    pub(super) fn past_the_end(&self) -> bool {
        self.appended > self.count + 16
    }

    /// The next `n` bits, 1 to 16, which [`refill`](Self::refill) has seen to.
    #[inline(always)]
    pub(super) fn peek(&self, n: u32) -> usize {
        (self.buffer >> (64 - n)) as usize
    }

    #[inline(always)]
    pub(super) fn skip(&mut self, n: u32) {
        self.buffer <<= n;
        self.count -= n;
    }

    /// The next `n` bits, 0 to 16.
    #[inline(always)]
    pub(super) fn take(&mut self, n: u32) -> i32 {
        if n == 0 {
            return 0;
        }
        let bits = self.peek(n);
        self.skip(n);
        bits as i32
    }

    /// One bit, whatever has been read before.
    #[inline(always)]
    pub(super) fn bit(&mut self) -> bool {
        self.refill();
        self.take(1) == 1
    }

    /// A number of `n` bits, 0 to 15, whose first bit is its sign: 0 is negative.
    #[inline(always)]
    pub(super) fn number(&mut self, n: u32) -> i32 {
        signed(self.take(n), n)
    }

    /// Goes on behind the next marker, if that is a restart.
    pub(super) fn restart(&mut self) -> bool {
        let found = self.marker();
        match self.bytes.get(found..found + 2) {
            Some([_, 0xD0..=0xD7]) => {
                *self = Self::new(self.bytes, found + 2);
                true
            }
            _ => false,
        }
    }

    /// Where the next marker stands; the end of the file if there is none.
    pub(super) fn marker(&self) -> usize {
        let rest = self.bytes.get(self.at..).unwrap_or(&[]);
        let found = rest
            .windows(2)
            .position(|w| w[0] == 0xFF && !matches!(w[1], 0 | 0xFF));
        found.map_or(self.bytes.len(), |skipped| self.at + skipped)
    }
}

/// What `n` bits mean: those of the lower half of their range are negative.
#[inline(always)]
pub(super) fn signed(bits: i32, n: u32) -> i32 {
    if n > 0 && bits < 1 << (n - 1) {
        bits - (1 << n) + 1
    } else {
        bits
    }
}
