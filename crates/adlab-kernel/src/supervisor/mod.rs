pub mod batch;
pub mod event_loop;
pub mod handle;
pub mod parser;
