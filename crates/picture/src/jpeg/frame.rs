//! How is the picture cut into blocks? Every component has its own number of them.

use super::Fault;

/// Coefficients of a block, by rows.
pub(super) type Block = [i16; 64];

/// One of the pictures that a JPEG consists of: brightness, a colour difference, a colour.
pub(super) struct Component {
    pub(super) id: u8,
    /// Blocks of it in one unit: across, down.
    pub(super) sampling: (usize, usize),
    /// Which quantisation table it asks for.
    pub(super) table: usize,
    /// Samples that count.
    pub(super) size: (usize, usize),
    /// Blocks that hold them: what a scan of this component alone has.
    pub(super) blocks: (usize, usize),
    /// Blocks of all units: what there is room for.
    pub(super) room: (usize, usize),
    /// How many times more samples the picture has: across, down.
    pub(super) scale: (usize, usize),
}

/// What the frame segment says.
pub(super) struct Frame {
    pub(super) size: (usize, usize),
    pub(super) progressive: bool,
    pub(super) components: Vec<Component>,
    /// Units across and down.
    pub(super) units: (usize, usize),
}

impl Frame {
    /// From the marker and its segment; [`Fault::Foreign`] if it is of a kind that is not decoded here.
    pub(super) fn of(marker: u8, segment: &[u8]) -> Result<Self, Fault> {
        let [precision, h1, h0, w1, w0, count, ref rest @ ..] = *segment else {
            return Err(Fault::Damaged("its frame segment is too short"));
        };
        if !matches!(marker, 0xC0..=0xC2) || precision != 8 || !matches!(count, 1 | 3) {
            return Err(Fault::Foreign);
        }
        let side = |high, low| usize::from(u16::from_be_bytes([high, low]));
        let size = (side(w1, w0), side(h1, h0));
        if size.0 == 0 || size.1 == 0 {
            return Err(Fault::Foreign);
        }
        let said: Vec<(u8, usize, usize, usize)> = rest
            .chunks_exact(3)
            .take(usize::from(count))
            .map(|c| {
                let (across, down) = (usize::from(c[1] >> 4), usize::from(c[1] & 15));
                (c[0], across, down, usize::from(c[2]))
            })
            .collect();
        let sound = |c: &(u8, usize, usize, usize)| {
            (1..=4).contains(&c.1) && (1..=4).contains(&c.2) && c.3 < 4
        };
        if said.len() != usize::from(count) || !said.iter().all(sound) {
            return Err(Fault::Damaged("its frame segment makes no sense"));
        }
        let most_across = said.iter().map(|c| c.1).max().unwrap_or(1);
        let most_down = said.iter().map(|c| c.2).max().unwrap_or(1);
        if (said.iter()).any(|c| most_across % c.1 != 0 || most_down % c.2 != 0) {
            return Err(Fault::Foreign);
        }
        let units = (
            size.0.div_ceil(8 * most_across),
            size.1.div_ceil(8 * most_down),
        );
        let components = said
            .into_iter()
            .map(|(id, across, down, table)| {
                let part = (
                    (size.0 * across).div_ceil(most_across),
                    (size.1 * down).div_ceil(most_down),
                );
                Component {
                    id,
                    sampling: (across, down),
                    table,
                    size: part,
                    blocks: (part.0.div_ceil(8), part.1.div_ceil(8)),
                    room: (units.0 * across, units.1 * down),
                    scale: (most_across / across, most_down / down),
                }
            })
            .collect();
        Ok(Self {
            size,
            progressive: marker == 0xC2,
            components,
            units,
        })
    }

    /// Bytes that decoding takes beside the file and the picture: samples of all components, and coefficients.
    pub(super) fn memory(&self) -> u64 {
        let blocks = self.components.iter().map(|c| c.room.0 * c.room.1);
        let bytes = if self.progressive { 3 } else { 1 };
        blocks.map(|n| 64 * bytes * n as u64).sum()
    }
}
