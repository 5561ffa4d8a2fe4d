//! How does a JPEG file become pixels? Its segments set tables and start scans; then the components are put together.
//!
//! The bytes are those of libjpeg-turbo, and so of nearly every other program: networks see what they were trained on.

use super::Fault;
use super::bits::Bits;
use super::frame::{Block, Frame};
use super::huffman::Table;
use super::idct::RowOfBlocks;
use super::rows::{Rows, Samples};
use super::scan::{Part, Reader, Scan, place};
use rayon::prelude::*;
#[cfg(target_arch = "x86_64")]
use timestep_kernels::simd::Avx2;
use timestep_kernels::simd::{Lanes, Plain};

/// Scans of the longest files that encoders write are a tenth of it. More would only cost time.
const SCANS: usize = 256;

/// Pixels from which on rows are made on all cores.
const LARGE: usize = 1 << 20;

/// Rows that are made at once.
const ROWS: usize = 32;

/// Runs what has no instructions of its own, compiled for the best ones that help it.
macro_rules! vectorize {
    ($op:expr) => {{
        #[cfg(target_arch = "x86_64")]
        let out = match Lanes::<Avx2>::detect() {
            Some(lanes) => lanes.vectorize($op),
            None => Lanes::<Plain<8>>::plain().vectorize($op),
        };
        #[cfg(not(target_arch = "x86_64"))]
        let out = Lanes::<Plain<8>>::plain().vectorize($op);
        out
    }};
}

/// A file whose frame segment has been found.
pub(super) struct Decoder<'a> {
    bytes: &'a [u8],
    at: usize,
    pub(super) frame: Frame,
    /// Quantisation by table, in rows; and what each component uses, which is fixed by its first scan.
    tables: [Option<[u16; 64]>; 4],
    used: [Option<[u16; 64]>; 3],
    mean_codes: [Option<Table>; 4],
    codes: [Option<Table>; 4],
    restart: usize,
    jfif: bool,
    /// How colours are coded, as Adobe's segment says.
    adobe: Option<u8>,
}

/// The marker at or behind a place, with its segment and where it ends. A segment without length has none.
fn segment(bytes: &[u8], from: usize) -> Result<(u8, &[u8], usize), Fault> {
    let short = Fault::Damaged("a segment is cut short");
    let at = Bits::new(bytes, from).marker();
    let marker = *bytes.get(at + 1).ok_or(short)?;
    if matches!(marker, 0x01 | 0xD0..=0xD9) {
        return Ok((marker, &[], at + 2));
    }
    let length = bytes.get(at + 2..at + 4).ok_or(short)?;
    let end = at + 2 + usize::from(u16::from_be_bytes([length[0], length[1]]));
    let segment = bytes.get(at + 4..end).ok_or(short)?;
    Ok((marker, segment, end))
}

impl<'a> Decoder<'a> {
    /// Reads up to the frame segment.
    pub(super) fn new(bytes: &'a [u8]) -> Result<Self, Fault> {
        // The frame is needed to begin with; what stands before it is read again.
        let mut at = 2;
        let frame = loop {
            let (marker, segment, end) = segment(bytes, at)?;
            match marker {
                0xC4 | 0xC8 | 0xCC => {}
                0xC0..=0xCF => break Frame::of(marker, segment)?,
                0xD9 | 0xDA => return Err(Fault::Damaged("it has no frame segment")),
                _ => {}
            }
            at = end;
        };
        Ok(Self {
            bytes,
            at: 2,
            frame,
            tables: [None; 4],
            used: [None; 3],
            mean_codes: [const { None }; 4],
            codes: [const { None }; 4],
            restart: 0,
            jfif: false,
            adobe: None,
        })
    }

    /// Decodes everything into `out`, which has as many bytes as the picture has samples.
    pub(super) fn decode(mut self, out: &mut [u8]) -> Result<(), Fault> {
        let rooms = self.frame.components.iter().map(|c| c.room.0 * c.room.1);
        let rooms: Vec<usize> = rooms.collect();
        let mut samples: Vec<Vec<u8>> = rooms.iter().map(|n| vec![0; 64 * n]).collect();
        let kept = if self.frame.progressive { 1 } else { 0 };
        let mut blocks: Vec<Vec<Block>> = rooms.iter().map(|n| vec![[0; 64]; kept * n]).collect();
        let (mut scans, mut frames) = (0, 0);
        loop {
            let (marker, segment, end) = segment(self.bytes, self.at)?;
            self.at = end;
            match marker {
                0xC4 => self.read_codes(segment)?,
                0xDB => self.read_tables(segment)?,
                0xDD => {
                    if let [high, low, ..] = *segment {
                        self.restart = usize::from(u16::from_be_bytes([high, low]));
                    }
                }
                0xE0 => self.jfif |= segment.starts_with(b"JFIF\0"),
                0xEE => {
                    if let Some([_, _, _, _, _, _, transform, ..]) = segment.strip_prefix(b"Adobe")
                    {
                        self.adobe = Some(*transform);
                    }
                }
                0xC0..=0xC2 => {
                    frames += 1;
                    if frames > 1 {
                        return Err(Fault::Damaged("it has two frame segments"));
                    }
                }
                0xDA => {
                    scans += 1;
                    if scans > SCANS {
                        return Err(Fault::Damaged("it has more than 256 scans"));
                    }
                    self.read_scan(segment, &mut blocks, &mut samples)?;
                }
                0xD9 => break,
                _ => {}
            }
        }
        if self.used.iter().take(rooms.len()).any(Option::is_none) {
            return Err(Fault::Damaged("it lacks a component"));
        }
        if self.frame.progressive {
            self.transform(&blocks, &mut samples);
            drop(blocks);
        }
        self.put_together(samples, out);
        Ok(())
    }

    fn read_tables(&mut self, mut rest: &[u8]) -> Result<(), Fault> {
        while let Some((head, tail)) = rest.split_first() {
            let bytes = if head >> 4 == 0 { 64 } else { 128 };
            let values = tail.get(..bytes);
            let (Some(values), Some(table)) = (values, self.tables.get_mut(usize::from(head & 15)))
            else {
                return Err(Fault::Damaged("a quantisation table makes no sense"));
            };
            let mut by_rows = [0; 64];
            for k in 0..64 {
                by_rows[place(k)] = match bytes {
                    64 => u16::from(values[k]),
                    _ => u16::from_be_bytes([values[2 * k], values[2 * k + 1]]),
                };
            }
            *table = Some(by_rows);
            rest = &tail[bytes..];
        }
        Ok(())
    }

    fn read_codes(&mut self, mut rest: &[u8]) -> Result<(), Fault> {
        let wrong = Fault::Damaged("a table of codes makes no sense");
        while let Some((head, tail)) = rest.split_first() {
            let counts: &[u8; 16] = tail.first_chunk().ok_or(wrong)?;
            let total = counts.iter().map(|n| usize::from(*n)).sum::<usize>();
            let symbols = tail.get(16..16 + total).ok_or(wrong)?;
            let tables = match head >> 4 {
                0 => &mut self.mean_codes,
                1 => &mut self.codes,
                _ => return Err(wrong),
            };
            *tables.get_mut(usize::from(head & 15)).ok_or(wrong)? =
                Some(Table::new(counts, symbols)?);
            rest = &tail[16 + total..];
        }
        Ok(())
    }

    fn read_scan(
        &mut self,
        segment: &[u8],
        blocks: &mut [Vec<Block>],
        samples: &mut [Vec<u8>],
    ) -> Result<(), Fault> {
        let wrong = Fault::Damaged("a scan makes no sense");
        let (count, rest) = segment.split_first().ok_or(wrong)?;
        let count = usize::from(*count);
        let (said, rest) = rest.split_at_checked(2 * count).ok_or(wrong)?;
        let [first, last, bits, ..] = *rest else {
            return Err(wrong);
        };
        let mut parts: Vec<Part<'_>> = Vec::new();
        for pair in said.chunks_exact(2) {
            let component = self.frame.components.iter().position(|c| c.id == pair[0]);
            let component = component.ok_or(wrong)?;
            // In the order of the frame, so none twice.
            if parts.last().is_some_and(|part| part.component >= component) {
                return Err(wrong);
            }
            let asked = self.frame.components[component].table;
            let used = &mut self.used[component];
            *used = used.or(self.tables[asked]);
            if used.is_none() {
                return Err(Fault::Damaged("a quantisation table is missing"));
            }
            let table = |n: u8| usize::from(n) % 4;
            parts.push(Part {
                component,
                mean_codes: self.mean_codes[table(pair[1] >> 4)].as_ref(),
                codes: self.codes[table(pair[1] & 15)].as_ref(),
            });
        }
        let (first, last) = (usize::from(first), usize::from(last));
        let (before, low) = (u32::from(bits >> 4), u32::from(bits & 15));
        let progressive = self.frame.progressive;
        let sound = match (progressive, first) {
            (false, _) => true,
            (true, 0) => last == 0,
            (true, _) => last < 64 && first <= last && parts.len() == 1,
        };
        if parts.is_empty() || !sound || low > 13 || before > 14 {
            return Err(wrong);
        }
        let scan = Scan {
            parts,
            band: (first, last),
            bits: (before, low),
            restart: self.restart,
        };
        let mut reader = Reader::new(&scan, &self.frame, Bits::new(self.bytes, self.at));
        let down = scan.units(&self.frame).1;
        // Blocks of a row of units, per part.
        let room = |part: &Part<'_>| {
            let component = &self.frame.components[part.component];
            component.room.0 * scan.sampling(component).1
        };
        if progressive {
            for row in 0..down {
                let mut rest: &mut [Vec<Block>] = blocks;
                let mut given = 0;
                let mut parts = Vec::with_capacity(3);
                for part in &scan.parts {
                    let (part_blocks, tail) = rest[part.component - given..]
                        .split_first_mut()
                        .ok_or(wrong)?;
                    given = part.component + 1;
                    rest = tail;
                    parts.push(&mut part_blocks[room(part) * row..][..room(part)]);
                }
                reader.read_row(&mut parts)?;
            }
        } else {
            let mut scratch: Vec<Vec<Block>> = (scan.parts.iter())
                .map(|part| vec![[0; 64]; room(part)])
                .collect();
            for row in 0..down {
                scratch.iter_mut().for_each(|blocks| blocks.fill([0; 64]));
                let mut parts: Vec<&mut [Block]> = scratch.iter_mut().map(|b| &mut b[..]).collect();
                reader.read_row(&mut parts)?;
                for (part, blocks) in scan.parts.iter().zip(&scratch) {
                    let across = self.frame.components[part.component].room.0;
                    let table = self.used[part.component].as_ref().ok_or(wrong)?;
                    let to = &mut samples[part.component][64 * room(part) * row..];
                    for (blocks, samples) in
                        (blocks.chunks_exact(across)).zip(to.chunks_exact_mut(64 * across))
                    {
                        vectorize!(RowOfBlocks {
                            blocks,
                            table,
                            samples
                        });
                    }
                }
            }
        }
        self.at = reader.bits.marker();
        Ok(())
    }

    /// Makes samples of all coefficients.
    fn transform(&self, blocks: &[Vec<Block>], samples: &mut [Vec<u8>]) {
        let of_components = self.frame.components.iter().zip(&self.used);
        for (((component, table), blocks), samples) in of_components.zip(blocks).zip(samples) {
            let Some(table) = table else { continue };
            let across = component.room.0;
            let rows = blocks.par_chunks_exact(across);
            let samples = samples.par_chunks_exact_mut(64 * across);
            // A single row is too little work to hand to another core.
            rows.zip(samples)
                .with_min_len(LARGE / (64 * across).max(1) / 8 + 1)
                .for_each(|(blocks, samples)| {
                    vectorize!(RowOfBlocks {
                        blocks,
                        table,
                        samples
                    });
                });
        }
    }

    /// Whether components are brightness and colour differences, by the rules that libjpeg has.
    fn differences(&self) -> bool {
        let ids = self.frame.components.iter().map(|c| c.id);
        match (self.jfif, self.adobe) {
            (true, _) => true,
            (false, Some(transform)) => transform != 0,
            (false, None) => !ids.eq(*b"RGB"),
        }
    }

    fn put_together(&self, samples: Vec<Vec<u8>>, out: &mut [u8]) {
        let (width, height) = self.frame.size;
        let components: Vec<Samples> = (self.frame.components.iter().zip(samples))
            .map(|(component, samples)| Samples::of(component, samples))
            .collect();
        let components = match <[Samples; 3]>::try_from(components) {
            Ok(components) => components,
            Err(grey) => {
                for grey in grey {
                    (out.chunks_exact_mut(width).enumerate())
                        .for_each(|(y, out)| out.copy_from_slice(grey.row(y)));
                }
                return;
            }
        };
        let differences = self.differences();
        let make = |(chunk, out): (usize, &mut [u8])| {
            vectorize!(Rows {
                components: &components,
                differences,
                first: ROWS * chunk,
                width,
                out,
            });
        };
        if width * height >= LARGE {
            (out.par_chunks_mut(3 * ROWS * width).enumerate()).for_each(make);
        } else {
            (out.chunks_mut(3 * ROWS * width).enumerate()).for_each(make);
        }
    }
}
