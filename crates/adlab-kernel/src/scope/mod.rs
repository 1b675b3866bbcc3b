pub mod definitions;
pub mod sources;
pub mod variables;
