//! Data to send.

use std::ops::Range;
use std::rc::Rc;

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, SeedableRng};

/// Data to send. Even many megabytes need little memory.
#[derive(Clone, Debug)]
pub enum Payload {
    Bytes(Vec<u8>),
    /// `length` bytes, see [`Payload::random`].
    Random {
        block: Rc<[u8]>,
        seed: u64,
        length: u64,
    },
    /// `length` bytes: `unit`, repeated.
    Repeated {
        unit: Rc<[u8]>,
        length: u64,
    },
}

/// The length of a block of random data, in bytes.
pub(super) const BLOCK: u64 = 64 * 1024;

impl Payload {
    /// `length` random bytes that `seed` determines (rule R10). The first 64 KiB repeat, but each block is rotated by a
    /// random number of bytes, so that lost, duplicated or reordered data does not match what follows.
    #[must_use]
    pub fn random(seed: u64, length: u64) -> Self {
        let mut block = vec![0; length.min(BLOCK) as usize];
        Xoshiro256PlusPlus::seed_from_u64(seed).fill_bytes(&mut block);
        Self::Random { block: block.into(), seed, length }
    }

    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::Random { length, .. } | Self::Repeated { length, .. } => *length,
        }
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The last two bytes of `part`, where a line end would be.
    pub(super) fn last_of(&self, part: &Range<u64>) -> Vec<u8> {
        let begin = part.start.max(part.end.saturating_sub(2));
        (begin..part.end).filter_map(|offset| self.at(offset).first().copied()).collect()
    }

    /// Some of the bytes from `offset` on; none at the end of the payload.
    #[must_use]
    pub fn at(&self, offset: u64) -> &[u8] {
        match self {
            Self::Bytes(bytes) => &bytes[offset as usize..],
            Self::Random { length, .. } | Self::Repeated { length, .. } if offset >= *length => &[],
            Self::Repeated { unit, length } => {
                let rest = &unit[(offset % unit.len() as u64) as usize..];
                &rest[..rest.len().min((length - offset) as usize)]
            }
            Self::Random { block, seed, length } => {
                let (index, within) = (offset / BLOCK, offset % BLOCK);
                let turn = match index {
                    0 => 0,
                    _ => Xoshiro256PlusPlus::seed_from_u64(seed ^ (index << 20)).next_u64() % BLOCK,
                };
                let rest = &block[((turn + within) % BLOCK) as usize..];
                &rest[..rest.len().min((BLOCK - within).min(length - offset) as usize)]
            }
        }
    }
}

impl From<Vec<u8>> for Payload {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The payload, read in pieces of at most `step` bytes.
    fn collect(payload: &Payload, step: usize) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let rest = payload.at(all.len() as u64);
            if rest.is_empty() {
                return all;
            }
            let end = rest.len().min(step);
            all.extend_from_slice(&rest[..end]);
        }
    }

    #[test]
    fn random_data_is_the_same_however_it_is_cut() {
        let payload = Payload::random(7, 3 * BLOCK + 11);
        let whole = collect(&payload, usize::MAX);
        assert_eq!(whole.len() as u64, payload.len());
        assert_eq!(whole, collect(&payload, 1000));
        assert_ne!(whole[..1000], whole[BLOCK as usize..][..1000], "blocks repeat");
    }
}
