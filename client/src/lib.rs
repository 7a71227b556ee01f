//! Client of Verbatim.
