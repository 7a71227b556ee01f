//! Plots as inline SVG: lines over time, and bars over a logarithmic scale. No script, no network.

use std::fmt::Write as _;

const WIDTH: f64 = 860.0;
const HEIGHT: f64 = 260.0;
const LEFT: f64 = 64.0;
const RIGHT: f64 = 12.0;
const TOP: f64 = 30.0;
const BOTTOM: f64 = 34.0;
const TICKS: usize = 5;

/// One line of a plot.
pub struct Line<'a> {
    /// What it shows, for the legend.
    pub name: &'a str,
    /// Its colour's class in the page's style sheet.
    pub class: &'a str,
    /// Points, by x.
    pub points: Vec<(f64, f64)>,
}

/// Lines over a common x axis; y from 0, or logarithmic.
pub fn lines(lines: &[Line<'_>], x_label: &str, y_label: &str, logarithmic: bool) -> String {
    let points = || lines.iter().flat_map(|line| &line.points);
    let x_max = points().map(|point| point.0).fold(0.0, f64::max);
    let y_max = points().map(|point| point.1).fold(0.0, f64::max);
    let y_min = points().map(|point| point.1).filter(|y| *y > 0.0).fold(y_max, f64::min);
    if x_max <= 0.0 || y_max <= 0.0 {
        return String::new();
    }
    let y_axis = if logarithmic { Axis::logarithmic(y_min, y_max) } else { Axis::linear(y_max * 1.05) };
    let x_axis = Axis::linear(x_max);
    let mut svg = open(x_label, y_label);
    grid(&mut svg, &y_axis, &x_axis);
    for line in lines {
        let place = |(x, y): &(f64, f64)| format!("{:.1},{:.1}", x_at(x_axis.share(*x)), y_at(y_axis.share(*y)));
        let path: Vec<_> = line.points.iter().filter(|(_, y)| !logarithmic || *y > 0.0).map(place).collect();
        let _ = write!(svg, r#"<polyline class="{}" points="{}"/>"#, line.class, path.join(" "));
    }
    for (index, line) in lines.iter().enumerate() {
        let x = LEFT + 12.0 + index as f64 * 110.0;
        let _ = write!(svg, r#"<circle class="{}" cx="{x}" cy="{}" r="4"/>"#, line.class, 10.0);
        let _ = write!(svg, r#"<text x="{}" y="{}">{}</text>"#, x + 9.0, 14.0, line.name);
    }
    svg.push_str("</svg>");
    svg
}

/// Bars between logarithmic edges: each has its upper edge and its height.
pub fn bars(bars: &[(f64, f64)], x_label: &str, y_label: &str) -> String {
    let (Some(first), Some(last)) = (bars.first(), bars.last()) else { return String::new() };
    let ratio = bars.get(1).map_or(1.2, |second| second.0 / first.0);
    let x_axis = Axis::logarithmic(first.0 / ratio, last.0);
    let y_axis = Axis::linear(bars.iter().map(|bar| bar.1).fold(0.0, f64::max) * 1.05);
    let mut svg = open(x_label, y_label);
    grid(&mut svg, &y_axis, &x_axis);
    for (to, height) in bars {
        let (left, right) = (x_at(x_axis.share(to / ratio)), x_at(x_axis.share(*to)));
        let top = y_at(y_axis.share(*height));
        let (width, height) = ((right - left - 1.0).max(0.5), HEIGHT - BOTTOM - top);
        let _ =
            write!(svg, r#"<rect class="p50" x="{left:.1}" y="{top:.1}" width="{width:.1}" height="{height:.1}"/>"#);
    }
    svg.push_str("</svg>");
    svg
}

struct Axis {
    low: f64,
    high: f64,
    logarithmic: bool,
}

impl Axis {
    fn linear(most: f64) -> Self {
        Self { low: 0.0, high: most.max(f64::MIN_POSITIVE), logarithmic: false }
    }

    fn logarithmic(least: f64, most: f64) -> Self {
        let low = least.log10().floor();
        Self { low, high: most.log10().ceil().max(low + 1.0), logarithmic: true }
    }

    fn share(&self, value: f64) -> f64 {
        let value = if self.logarithmic { value.max(f64::MIN_POSITIVE).log10() } else { value };
        ((value - self.low) / (self.high - self.low)).clamp(0.0, 1.0)
    }

    fn ticks(&self) -> Vec<f64> {
        if self.logarithmic {
            return (self.low as i32..=self.high as i32).map(|power| 10f64.powi(power)).collect();
        }
        let rough = self.high / TICKS as f64;
        let unit = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * unit).into_iter().find(|step| *step >= rough);
        let step = step.unwrap_or(rough);
        (0..).map(|tick| f64::from(tick) * step).take_while(|tick| *tick <= self.high).collect()
    }
}

fn x_at(share: f64) -> f64 {
    LEFT + share * (WIDTH - LEFT - RIGHT)
}

fn y_at(share: f64) -> f64 {
    HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM)
}

fn open(x_label: &str, y_label: &str) -> String {
    format!(
        r#"<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{y_label} over {x_label}"><text class="axis" x="{}" y="{}" text-anchor="end">{x_label}</text><text class="axis" transform="translate(12 {}) rotate(-90)" text-anchor="middle">{y_label}</text>"#,
        WIDTH - RIGHT,
        HEIGHT - 4.0,
        HEIGHT / 2.0,
    )
}

fn grid(svg: &mut String, y_axis: &Axis, x_axis: &Axis) {
    for tick in y_axis.ticks() {
        let y = y_at(y_axis.share(tick));
        let _ = write!(svg, r#"<line x1="{LEFT}" y1="{y:.1}" x2="{}" y2="{y:.1}"/>"#, WIDTH - RIGHT);
        let _ = write!(svg, r#"<text x="{}" y="{:.1}" text-anchor="end">{}</text>"#, LEFT - 6.0, y + 4.0, short(tick));
    }
    for tick in x_axis.ticks() {
        let x = x_at(x_axis.share(tick));
        let _ = write!(
            svg,
            r#"<text x="{x:.1}" y="{}" text-anchor="middle">{}</text>"#,
            HEIGHT - BOTTOM + 15.0,
            short(tick)
        );
    }
}

/// A number as short as it can stand on an axis.
fn short(number: f64) -> String {
    match number {
        1e9.. => format!("{}G", trim(number / 1e9)),
        1e6.. => format!("{}M", trim(number / 1e6)),
        1e3.. => format!("{}k", trim(number / 1e3)),
        _ => trim(number),
    }
}

fn trim(number: f64) -> String {
    let text = format!("{number:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_to_plot_is_no_plot() {
        assert_eq!(lines(&[Line { name: "a", class: "p50", points: vec![] }], "s", "ms", false), "");
        assert_eq!(bars(&[], "ms", "ops"), "");
    }

    #[test]
    fn points_stay_on_the_canvas_and_ticks_are_round() {
        let svg = lines(&[Line { name: "a", class: "p50", points: vec![(1.0, 0.01), (2.0, 1e7)] }], "s", "µs", true);
        assert!(svg.contains("polyline") && !svg.contains("NaN") && !svg.contains('-') | svg.contains("rotate(-90)"));
        assert_eq!(Axis::linear(47_000.0).ticks(), [0.0, 10_000.0, 20_000.0, 30_000.0, 40_000.0]);
        assert_eq!(short(12_500.0), "12.5k");
    }
}
