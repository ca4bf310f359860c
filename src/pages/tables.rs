//! Wide tables. On a phone each row stands as a block of its own, every cell after the name of its column, so that
//! nobody has to scroll sideways; it stays a table for whoever listens to it.

use maud::{Markup, html};

/// A table with these columns. The first cell of a row is what the row is about, where `named` says so.
pub(super) fn table(label: &str, columns: &[&str], rows: &[Vec<Markup>], named: bool) -> Markup {
    html! {
        div class="scrolled" tabindex="0" role="region" aria-label=(label) {
            table class="wide" role="table" {
                thead role="rowgroup" { tr role="row" { @for column in columns { th scope="col" role="columnheader" { (column) } } } }
                tbody role="rowgroup" {
                    @for row in rows {
                        tr role="row" {
                            @for (at, (cell, column)) in row.iter().zip(columns).enumerate() {
                                @if at == 0 && named { th scope="row" role="rowheader" { (cell) } }
                                @else { td role="cell" data-column=(column) { (cell) } }
                            }
                        }
                    }
                }
            }
        }
    }
}
