use ndarray::{Array1, Array2, Array3, ArrayD, ArrayViewD, IxDyn, s};
use scirs2_core::{Complex64, f16, pool::Workers};
use scirs2_linalg::*;
use std::time::Instant;
fn t<T: Normed>(name: &str, x: ArrayViewD<T>, o: Order, a: Axes, w: &Workers) {
    let shape = norm_shape(x.shape(), o, a, false).unwrap();
    let mut out = ArrayD::from_elem(IxDyn(&shape), T::Norm::rounded(0.0));
    let bytes = x.len() * size_of::<T>();
    let mut best = f64::MAX;
    let reps = (20_000_000 / bytes.max(1)).clamp(1, 20000);
    for _ in 0..7 {
        let s = Instant::now();
        for _ in 0..reps {
            norm_into(std::hint::black_box(x.view()), o, a, out.view_mut(), w).unwrap();
        }
        best = best.min(s.elapsed().as_secs_f64() / reps as f64);
    }
    println!(
        "{name:34} {:>10.3} us {:>7.2} GB/s",
        best * 1e6,
        bytes as f64 / best / 1e9
    );
}
fn main() {
    let p = |x| Order::P(x);
    let inf = f64::INFINITY;
    for (wn, w) in [("1", Workers::serial()), ("2", Workers::current())] {
        println!("== threads {wn}");
        for n in [1000usize, 10_000, 100_000, 10_000_000] {
            let x = Array1::from_shape_fn(n, |i| (i % 1000) as f64 * 0.37 - 100.0).into_dyn();
            let x32 = x.mapv(|x| x as f32);
            if n == 10_000_000 {
                let s = Instant::now();
                for _ in 0..5 {
                    std::hint::black_box(
                        x.as_slice()
                            .unwrap()
                            .iter()
                            .fold([0.0f64; 1], |a, b| [a[0] + b]),
                    );
                }
                let _ = s;
                let mut b = f64::MAX;
                for _ in 0..7 {
                    let s = Instant::now();
                    let mut l = [0f64; 32];
                    for c in x.as_slice().unwrap().chunks_exact(32) {
                        for (a, b) in l.iter_mut().zip(c) {
                            *a += b
                        }
                    }
                    std::hint::black_box(l);
                    b = b.min(s.elapsed().as_secs_f64())
                }
                println!("plain read {:.2} GB/s", 8e7 / b / 1e9);
            }
            for (on, o) in [
                ("2", p(2.0)),
                ("1", p(1.0)),
                ("inf", p(inf)),
                ("-inf", p(-inf)),
                ("0", p(0.0)),
                ("3", p(3.0)),
                ("5", p(5.0)),
            ] {
                t(&format!("f64 n={n} ord={on}"), x.view(), o, Axes::All, &w);
            }
            t(
                &format!("f64 n={n} default"),
                x.view(),
                Order::Default,
                Axes::All,
                &w,
            );
            for (on, o) in [("2", p(2.0)), ("inf", p(inf)), ("3", p(3.0))] {
                t(&format!("f32 n={n} ord={on}"), x32.view(), o, Axes::All, &w);
            }
            if n >= 100_000 {
                let c = x.mapv(|x| Complex64::new(x, 1.0));
                for (on, o) in [("2", p(2.0)), ("1", p(1.0)), ("inf", p(inf))] {
                    t(&format!("c128 n={n} ord={on}"), c.view(), o, Axes::All, &w);
                }
                let h = x.mapv(|x| f16::from_f64(x));
                t(&format!("f16 n={n} 2"), h.view(), p(2.0), Axes::All, &w);
                let i = x.mapv(|x| x as i8);
                t(&format!("i8 n={n} 2"), i.view(), p(2.0), Axes::All, &w);
                let i = x.mapv(|x| x as i64);
                t(&format!("i64 n={n} 2"), i.view(), p(2.0), Axes::All, &w);
                t(&format!("f64 n={n} 0.5"), x.view(), p(0.5), Axes::All, &w);
                t(
                    &format!("f64 n={n}*1e-200 2"),
                    x.mapv(|x| x * 1e-200).view(),
                    p(2.0),
                    Axes::All,
                    &w,
                );
            }
        }
        let m = Array2::from_shape_fn((3000, 2000), |(i, j)| ((i * 7 + j) % 1000) as f64 - 499.5)
            .into_dyn();
        for (on, o) in [
            ("2", p(2.0)),
            ("1", p(1.0)),
            ("inf", p(inf)),
            ("0", p(0.0)),
            ("3", p(3.0)),
        ] {
            for ax in [0, 1] {
                t(
                    &format!("(3000,2000) axis={ax} ord={on}"),
                    m.view(),
                    o,
                    Axes::Vector(ax),
                    &w,
                );
            }
        }
        for (on, o) in [("fro", Order::Fro), ("1", p(1.0)), ("inf", p(inf))] {
            t(
                &format!("(3000,2000) matrix {on}"),
                m.view(),
                o,
                Axes::All,
                &w,
            );
            t(
                &format!("(3000,2000).T matrix {on}"),
                m.view().reversed_axes(),
                o,
                Axes::All,
                &w,
            );
        }
        t(
            "T strided fro",
            m.slice(s![..;2,..;2]).reversed_axes().into_dyn(),
            Order::Fro,
            Axes::All,
            &w,
        );
        t(
            "cols strided fro",
            m.slice(s![..,..;2]).into_dyn(),
            Order::Fro,
            Axes::All,
            &w,
        );
        let v = Array2::from_shape_fn((1_000_000, 3), |(i, j)| ((i * 7 + j) % 1000) as f64 - 499.5)
            .into_dyn();
        for ax in [0, 1] {
            t(
                &format!("(1e6,3) axis={ax}"),
                v.view(),
                p(2.0),
                Axes::Vector(ax),
                &w,
            );
        }
        let v = Array2::from_shape_fn((100_000, 64), |(i, j)| ((i * 7 + j) % 1000) as f64 - 499.5)
            .into_dyn();
        for ax in [0, 1] {
            t(
                &format!("(1e5,64) axis={ax}"),
                v.view(),
                p(2.0),
                Axes::Vector(ax),
                &w,
            );
        }
        let v = Array2::from_shape_fn((1797, 64), |(i, j)| ((i * 7 + j) % 17) as f64).into_dyn();
        for ax in [0, 1] {
            t(
                &format!("digits axis={ax}"),
                v.view(),
                p(2.0),
                Axes::Vector(ax),
                &w,
            );
        }
        let v = Array3::from_shape_fn((100_000, 3, 3), |(i, j, _)| {
            ((i * 7 + j) % 1000) as f64 - 499.5
        })
        .into_dyn();
        t(
            "(1e5,3,3) fro",
            v.view(),
            Order::Fro,
            Axes::Matrix(1, 2),
            &w,
        );
        t("(1e5,3,3) 1", v.view(), p(1.0), Axes::Matrix(1, 2), &w);
        t("(1e5,3,3) 2", v.view(), p(2.0), Axes::Matrix(1, 2), &w);
        let v = Array2::from_shape_fn((10, 10), |(i, j)| (i * 7 + j) as f64).into_dyn();
        for ax in [0, 1] {
            t(
                &format!("(10,10) axis={ax}"),
                v.view(),
                p(2.0),
                Axes::Vector(ax),
                &w,
            );
        }
    }
}
