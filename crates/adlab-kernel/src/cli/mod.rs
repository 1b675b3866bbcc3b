pub mod assign;
pub mod doctor;
pub mod install;
pub mod run;
pub mod stock;
