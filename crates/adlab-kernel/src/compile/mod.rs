pub mod cache;
pub mod level;
pub mod metadata;
pub mod recorded_call;
pub mod stand_ins;
pub mod variable_store;
