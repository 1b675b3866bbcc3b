pub mod annotated;
pub mod completeness;
pub mod insertions;
pub mod syntax;
