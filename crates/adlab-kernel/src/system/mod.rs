pub mod processes;
pub mod project;
pub mod toolchain;
