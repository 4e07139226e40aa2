//! The text about the results that the table and the page share.

mod rows;
mod sentences;

pub(super) use rows::{
    MEMORY_COLUMNS, MEMORY_NOTE, MIN_CONNECTIONS_FOR_MEMORY, TIME_COLUMNS, memory_rows, time_row,
};
pub(super) use sentences::{conditions, coordinated_omission, legend, ranking, title};
