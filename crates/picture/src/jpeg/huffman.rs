//! Which symbol does a code stand for? Codes of up to 10 bits are looked up, with their value where it fits too.

use super::Fault;
use super::bits::{Bits, signed};

/// Bits that are looked up at once.
const LOOK: u32 = 10;

/// Codes of a Huffman table.
pub(super) struct Table {
    /// By the next bits: length of the code in the high byte, symbol in the low one; 0 if it is longer, or none.
    symbols_by_bits: Box<[u16; 1 << LOOK]>,
    /// By the next bits, where they hold a value too: the value in the high half, then zeros before it, then bits in all; else 0.
    values_by_bits: Box<[i32; 1 << LOOK]>,
    /// Codes of this length, with zeros behind them to 16 bits, are below this.
    limits: [u32; 17],
    /// What is to be added to a code of this length for the place of its symbol.
    offsets: [i32; 17],
    symbols: Vec<u8>,
}

impl Table {
    /// From how many codes there are of each length, and the symbols in order.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, Fault> {
        let mut table = Self {
            symbols_by_bits: Box::new([0; 1 << LOOK]),
            values_by_bits: Box::new([0; 1 << LOOK]),
            limits: [0; 17],
            offsets: [0; 17],
            symbols: symbols.to_vec(),
        };
        let (mut code, mut place) = (0_u32, 0_usize);
        for (length, count) in (1_u32..).zip(counts) {
            table.offsets[length as usize] = place as i32 - code as i32;
            for _ in 0..*count {
                let symbol = *symbols
                    .get(place)
                    .ok_or(Fault::Damaged("a table of codes lacks symbols"))?;
                if code >= 1 << length {
                    return Err(Fault::Damaged("a table of codes has too many"));
                }
                if length <= LOOK {
                    let first = (code as usize) << (LOOK - length);
                    let entry = (length as u16) << 8 | u16::from(symbol);
                    table.symbols_by_bits[first..][..1 << (LOOK - length)].fill(entry);
                }
                code += 1;
                place += 1;
            }
            table.limits[length as usize] = code << (16 - length);
            code <<= 1;
        }
        for (bits, entry) in table.symbols_by_bits.iter().enumerate() {
            let (length, symbol) = (u32::from(entry >> 8), i32::from(entry & 0xFF));
            let (zeros, size) = (symbol >> 4, (symbol & 15) as u32);
            if length > 0 && size > 0 && length + size <= LOOK {
                let value = (bits >> (LOOK - length - size)) & ((1 << size) - 1);
                table.values_by_bits[bits] =
                    signed(value as i32, size) << 16 | zeros << 8 | (length + size) as i32;
            }
        }
        Ok(table)
    }

    /// The next symbol. At least 16 bits must be there.
    #[inline(always)]
    pub(super) fn symbol(&self, bits: &mut Bits<'_>) -> Result<u8, Fault> {
        let entry = self.symbols_by_bits[bits.peek(LOOK)];
        if entry != 0 {
            bits.skip(u32::from(entry >> 8));
            return Ok(entry as u8);
        }
        self.long_symbol(bits)
    }

    #[cold]
    fn long_symbol(&self, bits: &mut Bits<'_>) -> Result<u8, Fault> {
        let next = bits.peek(16) as u32;
        let length = (LOOK + 1..=16).find(|l| next < self.limits[*l as usize]);
        let symbol = length.and_then(|length| {
            bits.skip(length);
            let place = (next >> (16 - length)) as i32 + self.offsets[length as usize];
            usize::try_from(place)
                .ok()
                .and_then(|place| self.symbols.get(place))
        });
        symbol
            .copied()
            .ok_or(Fault::Damaged("a code that no table has"))
    }

    /// A coefficient with the zeros before it, if the table knows it by the next bits: `(value, zeros)`.
    #[inline(always)]
    pub(super) fn value(&self, bits: &mut Bits<'_>) -> Option<(i16, usize)> {
        let entry = self.values_by_bits[bits.peek(LOOK)];
        if entry == 0 {
            return None;
        }
        bits.skip((entry & 0xFF) as u32);
        Some(((entry >> 16) as i16, (entry >> 8 & 0xF) as usize))
    }
}
