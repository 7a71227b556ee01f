//! `DELETE /v1/sessions/{session_id}?purge=true`: what is gone, what stays, and what is left on the disk.

mod disk;
mod family;
mod gone;
