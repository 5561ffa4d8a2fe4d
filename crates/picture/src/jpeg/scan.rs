//! How do the bits of a scan become coefficients? Block by block, at once or in several rounds.

use super::Fault;
use super::bits::Bits;
use super::frame::{Block, Component, Frame};
use super::huffman::Table;

/// Places of the coefficients in the order in which they are coded. More zeros than a block has end at its last place.
const ORDER: [u8; 80] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63, 63,
    63, 63, 63, 63, 63, 63,
];

/// Place of the `k`th coefficient.
#[inline(always)]
pub(super) fn place(k: usize) -> usize {
    usize::from(ORDER[k]) % 64
}

/// A component of a scan, and its tables.
pub(super) struct Part<'a> {
    /// Which of the frame's.
    pub(super) component: usize,
    /// Codes of means and of the other coefficients, where the scan has them.
    pub(super) mean_codes: Option<&'a Table>,
    pub(super) codes: Option<&'a Table>,
}

/// What the segment of a scan says.
pub(super) struct Scan<'a> {
    pub(super) parts: Vec<Part<'a>>,
    /// First and last coefficient.
    pub(super) band: (usize, usize),
    /// Bits that are left for later rounds: before this one and in it.
    pub(super) bits: (u32, u32),
    /// Units between restarts; 0 if there are none.
    pub(super) restart: usize,
}

impl Scan<'_> {
    /// Units across and down. Where a component is alone, each of its blocks is one.
    pub(super) fn units(&self, frame: &Frame) -> (usize, usize) {
        match &self.parts[..] {
            [part] => frame.components[part.component].blocks,
            _ => frame.units,
        }
    }

    /// Blocks of a component in one unit: across, down.
    pub(super) fn sampling(&self, component: &Component) -> (usize, usize) {
        if self.parts.len() == 1 {
            (1, 1)
        } else {
            component.sampling
        }
    }
}

/// A scan that is being read.
pub(super) struct Reader<'a> {
    pub(super) scan: &'a Scan<'a>,
    pub(super) frame: &'a Frame,
    pub(super) bits: Bits<'a>,
    /// Means of the blocks before, per part.
    means: [i32; 3],
    /// Blocks that follow without any new coefficient.
    empty: u32,
    /// Units until the next restart.
    until: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(scan: &'a Scan<'a>, frame: &'a Frame, bits: Bits<'a>) -> Self {
        Self {
            scan,
            frame,
            bits,
            means: [0; 3],
            empty: 0,
            until: scan.restart,
        }
    }

    /// Reads a row of units into the blocks of every part, row by row as they have room.
    pub(super) fn read_row(&mut self, blocks: &mut [&mut [Block]]) -> Result<(), Fault> {
        let scan = self.scan;
        for unit in 0..scan.units(self.frame).0 {
            if scan.restart > 0 {
                if self.until == 0 {
                    if !self.bits.restart() {
                        return Err(Fault::Damaged("a restart marker is missing"));
                    }
                    (self.means, self.empty, self.until) = ([0; 3], 0, scan.restart);
                }
                self.until -= 1;
            }
            for (index, (part, blocks)) in scan.parts.iter().zip(&mut *blocks).enumerate() {
                let component = &self.frame.components[part.component];
                let (across, down) = scan.sampling(component);
                for y in 0..down {
                    for x in 0..across {
                        let block = &mut blocks[component.room.0 * y + across * unit + x];
                        let (bits, mean) = (&mut self.bits, &mut self.means[index]);
                        if self.frame.progressive {
                            scan.refine(part, bits, mean, &mut self.empty, block)?;
                        } else {
                            whole(part, bits, mean, block)?;
                        }
                    }
                }
            }
            if self.bits.past_the_end() {
                return Err(Fault::Damaged("its data end before its last row"));
            }
        }
        Ok(())
    }
}

impl Scan<'_> {
    /// One block of a scan of a progressive file.
    #[inline(always)]
    fn refine(
        &self,
        part: &Part<'_>,
        bits: &mut Bits<'_>,
        mean: &mut i32,
        empty: &mut u32,
        block: &mut Block,
    ) -> Result<(), Fault> {
        let (before, low) = self.bits;
        if self.band.0 == 0 {
            if before == 0 {
                let codes = part.mean_codes.ok_or(MISSING)?;
                *mean = mean.wrapping_add(difference(codes, bits)?);
                block[0] = mean.wrapping_shl(low) as i16;
            } else if bits.bit() {
                block[0] |= 1 << low;
            }
            return Ok(());
        }
        let codes = part.codes.ok_or(MISSING)?;
        if before == 0 {
            self.first(codes, bits, empty, block)
        } else {
            self.later(codes, bits, empty, block)
        }
    }

    /// The first round of a band.
    #[inline(always)]
    fn first(
        &self,
        codes: &Table,
        bits: &mut Bits<'_>,
        empty: &mut u32,
        block: &mut Block,
    ) -> Result<(), Fault> {
        if *empty > 0 {
            *empty -= 1;
            return Ok(());
        }
        let ((mut k, end), (_, low)) = (self.band, self.bits);
        while k <= end {
            bits.refill();
            let symbol = codes.symbol(bits)?;
            let (zeros, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
            if size > 0 {
                k += zeros;
                block[place(k)] = (bits.number(size) << low) as i16;
                k += 1;
            } else if zeros == 15 {
                k += 16;
            } else {
                *empty = (1 << zeros) - 1 + bits.take(zeros as u32) as u32;
                break;
            }
        }
        Ok(())
    }

    /// A later round of a band: another bit of what is not zero, and what is so for the first time.
    #[inline(always)]
    fn later(
        &self,
        codes: &Table,
        bits: &mut Bits<'_>,
        empty: &mut u32,
        block: &mut Block,
    ) -> Result<(), Fault> {
        let ((mut k, end), (_, low)) = (self.band, self.bits);
        if *empty == 0 {
            while k <= end {
                bits.refill();
                let symbol = codes.symbol(bits)?;
                let (mut zeros, size) = (usize::from(symbol >> 4), symbol & 15);
                let mut new = 0;
                if size > 0 {
                    // Its size is 1: the bit is its sign.
                    new = if bits.bit() { 1 << low } else { -1 << low };
                } else if zeros < 15 {
                    *empty = (1 << zeros) + bits.take(zeros as u32) as u32;
                    break;
                }
                while k <= end {
                    let coefficient = &mut block[place(k)];
                    if *coefficient != 0 {
                        another_bit(coefficient, bits, low);
                    } else if zeros == 0 {
                        *coefficient = new;
                        k += 1;
                        break;
                    } else {
                        zeros -= 1;
                    }
                    k += 1;
                }
            }
        }
        if *empty > 0 {
            *empty -= 1;
            for k in k..=end {
                let coefficient = &mut block[place(k)];
                if *coefficient != 0 {
                    another_bit(coefficient, bits, low);
                }
            }
        }
        Ok(())
    }
}

const MISSING: Fault = Fault::Damaged("a scan lacks its table of codes");

#[inline(always)]
fn another_bit(coefficient: &mut i16, bits: &mut Bits<'_>, low: u32) {
    if bits.bit() && *coefficient & (1 << low) == 0 {
        *coefficient = coefficient.wrapping_add(coefficient.signum() << low);
    }
}

/// By how much the mean of a block differs from the one before.
#[inline(always)]
fn difference(codes: &Table, bits: &mut Bits<'_>) -> Result<i32, Fault> {
    bits.refill();
    let size = codes.symbol(bits)?;
    if size > 15 {
        return Err(Fault::Damaged("a difference that is too large"));
    }
    Ok(bits.number(u32::from(size)))
}

/// All coefficients of a block of zeros.
#[inline(always)]
fn whole(
    part: &Part<'_>,
    bits: &mut Bits<'_>,
    mean: &mut i32,
    block: &mut Block,
) -> Result<(), Fault> {
    let (Some(mean_codes), Some(codes)) = (part.mean_codes, part.codes) else {
        return Err(MISSING);
    };
    *mean = mean.wrapping_add(difference(mean_codes, bits)?);
    block[0] = *mean as i16;
    let mut k = 1;
    while k < 64 {
        bits.refill();
        if let Some((value, zeros)) = codes.value(bits) {
            k += zeros;
            block[place(k)] = value;
            k += 1;
            continue;
        }
        let symbol = codes.symbol(bits)?;
        let (zeros, size) = (usize::from(symbol >> 4), u32::from(symbol & 15));
        if size > 0 {
            k += zeros;
            block[place(k)] = bits.number(size) as i16;
            k += 1;
        } else if zeros == 15 {
            k += 16;
        } else {
            break;
        }
    }
    Ok(())
}
