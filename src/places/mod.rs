//! Where things are: postcodes and the areas that services cover.
