//! Search: a derived index over `published`, and what people mean by their words.
