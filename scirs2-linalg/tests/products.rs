//! Products: written to strided memory, and what errors tell.

use ndarray::{Array, Array2, ArrayD, Axis, IxDyn, array, s};
use scirs2_core::pool::Workers;
use scirs2_core::threads::set_local_threads;
use scirs2_core::{Bool, Complex64};
use scirs2_linalg::{
    Error, Reason, cross, cross_into, diagonal, diagonal_into, einsum, einsum_into, inverse_power,
    inverse_power_into, matmul, matmul_into, matrix_power, matrix_power_into, matvec, matvec_into,
    multi_dot, multi_dot_into, outer, outer_into, tensordot, tensordot_into, trace, trace_into,
    vecdot, vecdot_into, vecmat, vecmat_into,
};

/// Numbers that differ.
fn counted(shape: &[usize]) -> ArrayD<i64> {
    let len = shape.iter().product::<usize>() as i64;
    let numbers = (0..len).map(|i| i * i % 23 - 11).collect();
    ArrayD::from_shape_vec(shape, numbers).unwrap()
}

/// The product by its definition.
fn expected(a: &Array2<i64>, b: &Array2<i64>) -> Array2<i64> {
    Array2::from_shape_fn((a.nrows(), b.ncols()), |(i, j)| {
        a.row(i).iter().zip(b.column(j)).map(|(x, y)| x * y).sum()
    })
}

fn two(shape: &[usize]) -> Array2<i64> {
    counted(shape).into_dimensionality().unwrap()
}

/// Runs on memory with gaps, in reverse; what lies between stays as it was.
fn strided<T: Copy + PartialEq + std::fmt::Debug>(
    shape: &[usize],
    between: T,
    run: impl FnOnce(ndarray::ArrayViewMutD<'_, T>),
) -> ArrayD<T> {
    let wide: Vec<usize> = shape.iter().map(|len| 3 * len).collect();
    let mut memory = ArrayD::from_elem(IxDyn(&wide), between);
    let every = |_| ndarray::Slice::new(0, None, -3);
    run(memory.slice_each_axis_mut(|axis| every(axis.axis)));
    let out = memory.slice_each_axis(|axis| every(axis.axis)).to_owned();
    memory
        .slice_each_axis_mut(|axis| every(axis.axis))
        .fill(between);
    assert!(memory.iter().all(|x| *x == between));
    out
}

#[test]
fn matmul_writes_to_any_strides() {
    let (a, b) = (two(&[40, 30]), two(&[30, 50]));
    let exact = expected(&a, &b);
    let serial = Workers::serial();
    let whole = strided(&[40, 50], 7, |out| {
        matmul_into(a.view().into_dyn(), b.view().into_dyn(), out, &serial).unwrap();
    });
    assert_eq!(whole, exact.clone().into_dyn());
    let (x, y) = (a.mapv(|x| x as f64), b.mapv(|x| x as f64));
    let floats = strided(&[40, 50], 7.0, |out| {
        matmul_into(x.view().into_dyn(), y.view().into_dyn(), out, &serial).unwrap();
    });
    assert_eq!(floats, exact.mapv(|x| x as f64).into_dyn());
    // Columns, which BLAS writes as rows of the transpose.
    let mut columns = Array2::<f64>::zeros((50, 40)).reversed_axes();
    matmul_into(
        x.view().into_dyn(),
        y.view().into_dyn(),
        columns.view_mut().into_dyn(),
        &serial,
    )
    .unwrap();
    assert_eq!(columns, exact.mapv(|x| x as f64));
}

#[test]
fn integers_do_not_depend_on_the_threads() {
    let (a, b) = (two(&[400, 300]), two(&[300, 200]));
    let exact = expected(&a, &b);
    for threads in [1, 2, 5] {
        set_local_threads(Some(threads)).unwrap();
        assert_eq!(matmul(&a, &b).unwrap(), exact.clone().into_dyn());
        let narrow = matmul(&a.mapv(|x| x as i8), &b.mapv(|x| x as i8)).unwrap();
        assert_eq!(narrow, exact.mapv(|x| x as i8).into_dyn());
        // Too large for floats.
        let far = i64::MAX / 11;
        let large = matmul(&a.mapv(|x| x.wrapping_mul(far)), &b).unwrap();
        assert_eq!(large, exact.mapv(|x| x.wrapping_mul(far)).into_dyn());
    }
    set_local_threads(None).unwrap();
}

#[test]
fn bands_form_one_product() {
    // Whole numbers that floats hold: each product is exact. Wide, high, one column, and
    // more bands than eight.
    for [m, k, n] in [[96, 90, 400], [401, 90, 97], [2000, 800, 1], [5000, 20, 10]] {
        let (a, b) = (two(&[m, k]), two(&[k, n]));
        let exact = expected(&a, &b).mapv(|x| x as f64).into_dyn();
        let (a, b) = (a.mapv(|x| x as f64), b.mapv(|x| x as f64));
        let gaps = |a: &Array2<f64>| {
            let mut memory = Array2::from_elem((2 * a.nrows(), 3 * a.ncols()), f64::NAN);
            memory.slice_mut(s![..;2, ..;3]).assign(a);
            memory
        };
        let (wide_a, wide_b) = (gaps(&a), gaps(&b));
        let (wide_a, wide_b) = (wide_a.slice(s![..;2, ..;3]), wide_b.slice(s![..;2, ..;3]));
        for threads in [1, 2, 5] {
            set_local_threads(Some(threads)).unwrap();
            assert_eq!(matmul(&a, &b).unwrap(), exact);
            assert_eq!(matmul(&wide_a, &wide_b).unwrap(), exact);
            let workers = Workers::current();
            let out = strided(&[m, n], -7.0, |out| {
                matmul_into(a.view().into_dyn(), b.view().into_dyn(), out, &workers).unwrap();
            });
            assert_eq!(out, exact);
        }
    }
    set_local_threads(None).unwrap();
}

#[test]
fn batches_of_many_axes_broadcast() {
    let (a, b) = (counted(&[2, 3, 1, 5, 4, 2]), counted(&[3, 7, 1, 2, 3]));
    let product = matmul(&a, &b).unwrap();
    assert_eq!(product.shape(), [2, 3, 7, 5, 4, 3]);
    for index in ndarray::indices([2, 3, 7, 5]) {
        let (i, j, k, l) = index;
        let a = a.slice(s![i, j, 0, l, .., ..]).to_owned();
        let b = b.slice(s![j, k, 0, .., ..]).to_owned();
        assert_eq!(product.slice(s![i, j, k, l, .., ..]), expected(&a, &b));
    }
}

#[test]
fn every_byte_but_zero_is_true() {
    let a = array![
        [Bool::from_byte(2), Bool::from_byte(0)],
        [Bool::from_byte(4), Bool::from_byte(255)]
    ];
    let product = matmul(&a, &a).unwrap();
    assert_eq!(
        product.mapv(Bool::to_byte),
        array![[1, 0], [1, 1]].into_dyn()
    );
    let large = Array2::from_elem((100, 300), Bool::from_byte(2));
    let product = matmul(&large, &large.t()).unwrap();
    assert!(product.iter().all(|x| x.to_byte() == 1));
}

#[test]
fn the_others_write_to_any_strides() {
    let serial = Workers::serial();
    let a = counted(&[3, 4, 4]);
    let same = |got: ArrayD<i64>, by: Result<ArrayD<i64>, Error>| assert_eq!(got, by.unwrap());
    same(
        strided(&[3, 4], 7, |out| {
            vecdot_into(a.view(), a.view(), 1, out, &serial).unwrap()
        }),
        vecdot(&a, &a, 1),
    );
    let (x, y) = (a.slice(s![0, 0, ..]), a.slice(s![1, ..;-1, 2]));
    same(
        strided(&[4, 4], 7, |out| {
            let out = out.into_dimensionality().unwrap();
            outer_into(x, y, out, &serial).unwrap();
        }),
        outer(&x, &y).map(Array::into_dyn),
    );
    same(
        strided(&[3, 4, 4], 7, |out| {
            cross_into(
                a.view(),
                a.slice(s![.., .., ..;-1]).into_dyn(),
                0,
                out,
                &serial,
            )
            .unwrap();
        }),
        cross(&a, &a.slice(s![.., .., ..;-1]), 0),
    );
    same(
        strided(&[4, 4, 4, 4], 7, |out| {
            tensordot_into(a.view(), a.view(), &[0], &[-3], out, &serial).unwrap();
        }),
        tensordot(&a, &a, &[0], &[-3]),
    );
    same(
        strided(&[3, 4, 4], 7, |out| {
            matrix_power_into(a.view(), 5, out, &serial).unwrap()
        }),
        matrix_power(&a, 5),
    );
    same(
        strided(&[3, 3], 7, |out| {
            diagonal_into(a.view(), -1, out, &serial).unwrap()
        }),
        diagonal(&a, -1),
    );
    same(
        strided(&[3], 7, |out| {
            trace_into(a.view(), -1, out, &serial).unwrap()
        }),
        trace(&a, -1),
    );
    let chain = [
        a.index_axis(Axis(0), 0),
        a.index_axis(Axis(0), 1),
        a.index_axis(Axis(0), 2),
    ];
    same(
        strided(&[4, 4], 7, |out| {
            multi_dot_into(&chain, out, &serial).unwrap()
        }),
        multi_dot(&chain),
    );
    same(
        strided(&[4, 4], 7, |out| {
            einsum_into(
                "ij,jk,kl->li",
                &chain,
                Some(&[vec![1, 2], vec![0, 1]]),
                out,
                &serial,
            )
            .unwrap();
        }),
        multi_dot(&chain).map(|product| product.reversed_axes().as_standard_layout().into_owned()),
    );
}

#[test]
fn the_first_factor_of_an_inner_product_is_conjugated() {
    let i = array![Complex64::I];
    assert_eq!(vecdot(&i, &i, 0).unwrap()[[]], 1.0.into());
    assert_eq!(matmul(&i, &i).unwrap()[[]], (-1.0).into());
    assert_eq!(outer(&i, &i).unwrap()[[0, 0]], (-1.0).into());
    let i = i.into_dyn();
    assert_eq!(
        einsum("i,i", &[i.view(), i.view()]).unwrap()[[]],
        (-1.0).into()
    );
}

#[test]
fn the_order_without_a_path_is_the_cheap_one() {
    // From left to right this would take memory for 10^12 elements.
    let column = Array2::<i64>::ones((1_000_000, 1)).into_dyn();
    let row = column.clone().reversed_axes();
    let product = einsum("ij,jk,kl->il", &[row.view(), column.view(), row.view()]).unwrap();
    assert_eq!(product.shape(), [1, 1_000_000]);
    let operands = [column.view(), row.view(), column.view()];
    assert_eq!(
        einsum("ij,jk,kl->", &operands).unwrap()[[]],
        1_000_000_000_000
    );
}

#[test]
fn inverses_are_raised_and_the_singular_one_is_named() {
    let a = array![[[2.0, 0.0], [0.0, 4.0]], [[0.0, 1.0], [1.0, 0.0]]];
    let power = strided(&[2, 2, 2], 7.0, |out| {
        inverse_power_into(a.view().into_dyn(), 2, out, &Workers::serial()).unwrap();
    });
    assert_eq!(
        power,
        array![[[0.25, 0.0], [0.0, 0.0625]], [[1.0, 0.0], [0.0, 1.0]]].into_dyn()
    );
    let mut a = a;
    a[[1, 0, 1]] = 0.0;
    let reason = Reason::Singular { pivot: 1 };
    let error = Error::Matrix {
        index: Some(1),
        reason,
    };
    assert_eq!(inverse_power(&a, 1), Err(error));
}

#[test]
fn errors_carry_their_data() {
    let (a, b) = (two(&[2, 3]), two(&[4, 5]));
    assert!(matches!(
        matmul(&a, &b),
        Err(Error::Mismatch { first, second, .. }) if first == [2, 3] && second == [4, 5]
    ));
    let number = ndarray::arr0(1);
    assert!(matches!(
        matmul(&a, &number),
        Err(Error::TooFewAxes {
            argument: 2,
            least: 1,
            ..
        })
    ));
    let (first, second) = (counted(&[2, 3, 3]), counted(&[4, 3, 3]));
    assert!(matches!(
        matmul(&first, &second),
        Err(Error::Broadcast { batches }) if batches == [[2], [4]]
    ));
    let mut out = ArrayD::zeros(IxDyn(&[2, 2]));
    let wrong = matmul_into(
        a.view().into_dyn(),
        a.t().into_dyn(),
        out.slice_mut(s![.., ..1]).into_dyn(),
        &Workers::serial(),
    );
    assert!(
        matches!(wrong, Err(Error::OutputShape { expected, got }) if expected == [2, 2] && got == [2, 1])
    );
    assert!(matches!(
        matrix_power(&a, 2),
        Err(Error::NotSquare {
            rows: 2,
            columns: 3
        })
    ));
    assert!(matches!(
        vecdot(&a, &a, 2),
        Err(Error::AxisOutOfRange { axis: 2, ndim: 2 })
    ));
    assert!(matches!(
        tensordot(&a, &a, &[0, -2], &[0, 1]),
        Err(Error::DuplicateAxes {
            first: 0,
            second: -2
        })
    ));
    assert!(matches!(
        multi_dot(&[a.view().into_dyn()]),
        Err(Error::TooFewArguments { count: 1, least: 2 })
    ));
    assert!(matches!(
        multi_dot(&[a.view().into_dyn(), first.view()]),
        Err(Error::Axes { argument: 2, .. })
    ));
    let error = einsum("ij,jk", &[a.view().into_dyn(), b.view().into_dyn()]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "subscripts \"ij,jk\": 'j' has the lengths 3 and 4"
    );
}

#[test]
fn what_floats_lose_is_not_left_to_them() {
    // Products around 2^53, summed: the last bit counts.
    for root in [
        (1u64 << 26) - 1,
        1 << 26,
        (1 << 26) + 1,
        (1 << 27) + 1,
        u64::MAX,
    ] {
        let a = Array2::from_elem((70, 65), root);
        let product = matmul(&a, &a.t()).unwrap();
        let exact = root.wrapping_mul(root).wrapping_mul(65);
        assert!(product.iter().all(|&x| x == exact), "{root}");
    }
}

#[test]
fn products_with_vectors_write_to_any_strides() {
    let serial = Workers::serial();
    let a = counted(&[2, 3, 5]);
    let x = counted(&[4, 1, 5]);
    let exact = ArrayD::from_shape_fn(IxDyn(&[4, 2, 3]), |at| {
        (0..5)
            .map(|j| a[[at[1], at[2], j]] * x[[at[0], 0, j]])
            .sum::<i64>()
    });
    assert_eq!(matvec(&a, &x).unwrap(), exact);
    let got = strided(&[4, 2, 3], 7, |out| {
        matvec_into(a.view(), x.view(), out, &serial).unwrap();
    });
    assert_eq!(got, exact);
    let transposed = a.view().permuted_axes(vec![0, 2, 1]);
    let got = strided(&[4, 2, 3], 7, |out| {
        vecmat_into(x.view(), transposed.clone(), out, &serial).unwrap();
    });
    assert_eq!(got, exact);
    let i = array![Complex64::new(0.0, 1.0)];
    let one = array![[Complex64::new(1.0, 0.0)]];
    assert_eq!(vecmat(&i, &one).unwrap()[[0]], -i[0]);
    assert_eq!(matvec(&one, &i).unwrap()[[0]], i[0]);
}

#[test]
fn products_with_vectors_refuse_what_does_not_fit() {
    let (a, x) = (counted(&[2, 3]), counted(&[3]));
    let too_few = |argument, shape: &[usize], least| Error::TooFewAxes {
        argument,
        shape: shape.to_vec(),
        least,
    };
    assert_eq!(matvec(&x, &x), Err(too_few(1, &[3], 2)));
    assert_eq!(vecmat(&x, &x), Err(too_few(2, &[3], 2)));
    assert_eq!(matvec(&a, &counted(&[])), Err(too_few(2, &[], 1)));
    assert_eq!(vecmat(&counted(&[]), &a), Err(too_few(1, &[], 1)));
    assert!(matches!(vecmat(&x, &a), Err(Error::Mismatch { .. })));
    let mut out = counted(&[3]);
    let done = matvec_into(a.view(), x.view(), out.view_mut(), &Workers::serial());
    assert!(matches!(done, Err(Error::OutputShape { .. })));
}
