//! Sums of products over named axes.

use ndarray::{ArrayD, ArrayView, ArrayViewD, ArrayViewMutD, Axis, CowArray, IxDyn, arr0};
use scirs2_core::DType;
use scirs2_core::pool::Workers;
use smallvec::{SmallVec, smallvec};

use crate::base::memory::filled_array;
use crate::driver::chunks::{new_filled, par_copy, par_map_lanes};
use crate::driver::operation::{NumericOperation, Results, Work};
use crate::driver::shape;
use crate::elements::numeric::{par_sum, sum};
use crate::products::contract::contract;
use crate::{Error, Numeric};

/// The sum of products that `subscripts` describe.
///
/// Each array has a letter for each axis, the arrays' letters are separated by
/// commas: `"ij,jk->ik"` is the product of two matrices. Axes of one letter are
/// walked together, and have one length, or length one. Letters behind the arrow
/// are the axes of the result, in that order; all others are summed over.
/// Without an arrow the result has the letters that occur once, in alphabetical
/// order. Complex numbers are not conjugated.
///
/// The pair of arrays whose product is smallest is contracted first;
/// [`einsum_into`] takes a path from the caller.
///
/// # Errors
/// [`Error::Subscripts`] if they do not fit the arrays or one another.
///
/// # Accuracy
/// As [`matmul`](fn@crate::matmul) for each contraction; sums within one array
/// are pairwise.
///
/// ```
/// use ndarray::array;
///
/// let a = array![[1, 2], [3, 4]].into_dyn();
/// let trace = scirs2_linalg::einsum("ii", &[a.view()])?;
/// assert_eq!(trace[[]], 5);
/// let row_sums = scirs2_linalg::einsum("ij->i", &[a.view()])?;
/// assert_eq!(row_sums, array![3, 7].into_dyn());
/// # Ok::<(), scirs2_linalg::Error>(())
/// ```
pub fn einsum<T: Numeric>(
    subscripts: &str,
    operands: &[ArrayViewD<'_, T>],
) -> Result<ArrayD<T>, Error> {
    let shapes: Vec<_> = operands.iter().map(|operand| operand.shape()).collect();
    let mut out = filled_array(&einsum_shape(subscripts, &shapes)?, T::ZERO)?;
    einsum_into(
        subscripts,
        operands,
        None,
        out.view_mut(),
        &Workers::current(),
    )?;
    Ok(out)
}

/// The shape of what [`einsum_into`] writes.
///
/// # Errors
/// The same as [`einsum`].
pub fn einsum_shape(subscripts: &str, shapes: &[&[usize]]) -> Result<Vec<usize>, Error> {
    let sum = EinsumPlan::new(subscripts, shapes)?;
    Ok(sum.output.iter().map(|&label| sum.length(label)).collect())
}

/// [`einsum`] into the caller's memory, of any strides.
///
/// A path lists which arrays to contract, step after step, by their places among
/// those that are left; the result of a step comes behind them. That is the path
/// of the Python package `opt_einsum`. Whatever it leaves is contracted as
/// [`einsum`] does.
///
/// # Errors
/// The same as [`einsum`]; [`Error::Subscripts`] for a path with places that there are
/// not, [`Error::OutputShape`] for an `out` of another shape, and
/// [`Error::Interrupted`] if the workers were stopped.
pub fn einsum_into<T: Numeric>(
    subscripts: &str,
    operands: &[ArrayViewD<'_, T>],
    path: Option<&[Vec<usize>]>,
    out: ArrayViewMutD<'_, T>,
    workers: &Workers<'_>,
) -> Result<(), Error> {
    let shapes: Vec<_> = operands.iter().map(|operand| operand.shape()).collect();
    let plan = EinsumPlan::new(subscripts, &shapes)?;
    let expected: Vec<_> = plan
        .output
        .iter()
        .map(|&label| plan.length(label))
        .collect();
    shape::check_output(&expected, &out)?;
    let inputs = plan.inputs.iter().zip(operands);
    let mut terms: Vec<Term<'_, T>> = inputs
        .map(|(labels, operand)| Term::new(labels, operand, &plan, workers))
        .collect::<Result<_, _>>()?;
    for step in path.unwrap_or_default() {
        let mut chosen = remove_terms(&mut terms, step).ok_or_else(|| Error::Subscripts {
            subscripts: subscripts.to_owned(),
            reason: format!("step {step:?} of the path names an array that is not there"),
        })?;
        while chosen.len() > 1 && terms.len() + chosen.len() > 2 {
            let (first, second) = (chosen.remove(0), chosen.remove(0));
            let others = chosen.iter().chain(&terms);
            let pair = plan.pair(first, second, others, None, workers)?;
            chosen.insert(0, pair);
        }
        terms.append(&mut chosen);
    }
    while terms.len() > 2 {
        let (first, second) = cheapest(&terms, &plan, workers)?;
        let second = terms.remove(second);
        let first = terms.remove(first);
        let pair = plan.pair(first, second, terms.iter(), None, workers)?;
        terms.push(pair);
    }
    let second = terms.pop();
    match (terms.pop(), second) {
        (Some(first), Some(second)) => {
            plan.pair(first, second, [].iter(), Some(out), workers)?;
        }
        (None, Some(only)) => {
            let only = only.reduced(&plan.output, workers)?;
            let order = plan.output.iter().map(|&label| only.axis(label));
            let order: Vec<_> = order.collect();
            par_copy(only.array.view().permuted_axes(order), out, workers)?;
        }
        _ => {}
    }
    Ok(())
}

/// The terms at those places, which the list loses.
fn remove_terms<T>(terms: &mut Vec<T>, places: &[usize]) -> Option<Vec<T>> {
    let mut sorted = places.to_vec();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() != places.len() || sorted.last().is_some_and(|&last| last >= terms.len()) {
        return None;
    }
    let mut taken: Vec<T> = sorted
        .into_iter()
        .rev()
        .map(|place| terms.remove(place))
        .collect();
    taken.reverse();
    Some(taken)
}

/// The two terms with the smallest product.
fn cheapest<T: Numeric>(
    terms: &[Term<'_, T>],
    plan: &EinsumPlan,
    workers: &Workers<'_>,
) -> Result<(usize, usize), Error> {
    let mut smallest = (f64::INFINITY, (0, 1));
    for i in 0..terms.len() {
        for j in i + 1..terms.len() {
            workers.check_interrupted()?;
            let size = plan.size_of_pair(terms, i, j);
            if size < smallest.0 {
                smallest = (size, (i, j));
            }
        }
    }
    Ok(smallest.1)
}

/// Labels of axes: few, mostly.
type Labels = SmallVec<[char; 8]>;

/// The labels of each array.
type Terms = SmallVec<[Labels; 2]>;

/// The length of each label, once.
type Lengths = SmallVec<[(char, usize); 8]>;

/// Parsed subscripts.
struct EinsumPlan {
    inputs: Terms,
    output: Labels,
    lengths: Lengths,
}

impl EinsumPlan {
    fn new(subscripts: &str, shapes: &[&[usize]]) -> Result<Self, Error> {
        let refused = |reason: String| Error::Subscripts {
            subscripts: subscripts.to_owned(),
            reason,
        };
        let (inputs, output) = terms(subscripts).map_err(&refused)?;
        if inputs.len() != shapes.len() {
            let (terms, arrays) = (inputs.len(), shapes.len());
            return Err(refused(format!("{terms} terms for {arrays} arrays")));
        }
        let mut lengths = Lengths::new();
        for (index, (labels, shape)) in inputs.iter().zip(shapes).enumerate() {
            if labels.len() != shape.len() {
                let (letters, axes) = (labels.len(), shape.len());
                return Err(refused(format!(
                    "array {index} has {axes} dimensions and {letters} letters"
                )));
            }
            for (&label, &len) in labels.iter().zip(*shape) {
                record_length(&mut lengths, label, len).map_err(&refused)?;
            }
            for (at, label) in labels.iter().enumerate() {
                let twin = labels[..at].iter().position(|other| other == label);
                if twin.is_some_and(|twin| shape[twin] != shape[at]) {
                    return Err(refused(format!(
                        "array {index} repeats {label:?} with different lengths"
                    )));
                }
            }
        }
        let output = output.unwrap_or_else(|| labels_occurring_once(&inputs));
        for (at, label) in output.iter().enumerate() {
            if output[..at].contains(label) {
                return Err(refused(format!("the result repeats {label:?}")));
            }
            if !lengths.iter().any(|(known, _)| known == label) {
                return Err(refused(format!(
                    "{label:?} is in the result and in no array"
                )));
            }
        }
        Ok(EinsumPlan {
            inputs,
            output,
            lengths,
        })
    }

    fn length(&self, label: char) -> usize {
        let found = self.lengths.iter().find(|(known, _)| *known == label);
        found.map_or(1, |&(_, len)| len)
    }

    /// The elements of the product of two of the terms.
    fn size_of_pair<T: Numeric>(&self, terms: &[Term<'_, T>], i: usize, j: usize) -> f64 {
        let others = || {
            let others = terms.iter().enumerate();
            others.filter(|&(at, _)| at != i && at != j)
        };
        let kept = |label: &char| {
            self.output.contains(label) || others().any(|(_, term)| term.labels.contains(label))
        };
        let fresh = terms[j]
            .labels
            .iter()
            .filter(|label| !terms[i].labels.contains(label));
        let labels = terms[i].labels.iter().chain(fresh);
        labels
            .filter(|label| kept(label))
            .map(|&label| self.length(label) as f64)
            .product()
    }

    /// Contracts two terms to one, which is written to `out` if that is given: it has
    /// the axes of the result.
    fn pair<'a, 'b: 'a, T: Numeric>(
        &self,
        first: Term<'b, T>,
        second: Term<'b, T>,
        others: impl Iterator<Item = &'a Term<'b, T>>,
        out: Option<ArrayViewMutD<'_, T>>,
        workers: &Workers<'_>,
    ) -> Result<Term<'b, T>, Error> {
        let mut kept = self.output.clone();
        others.for_each(|term| kept.extend(term.labels.iter().copied()));
        let of_both = |own: &Term<'b, T>, other: &Term<'b, T>| -> Labels {
            let needed = |label: &&char| kept.contains(*label) || other.labels.contains(*label);
            own.labels.iter().filter(needed).copied().collect()
        };
        let (needed_first, needed_second) = (of_both(&first, &second), of_both(&second, &first));
        let (first, second) = (
            first.reduced(&needed_first, workers)?,
            second.reduced(&needed_second, workers)?,
        );

        let common = |label: &char| second.labels.contains(label);
        let (shared, left): (Labels, Labels) = first.labels.iter().copied().partition(common);
        let (batch, inner): (Labels, Labels) =
            shared.into_iter().partition(|label| kept.contains(label));
        let right = second.labels.iter().copied();
        let right: Labels = right
            .filter(|label| !first.labels.contains(label))
            .collect();

        let a = first.permuted(&[&batch, &left, &inner]);
        let b = second.permuted(&[&batch, &inner, &right]);
        let labels: Labels = [&batch, &left, &right]
            .into_iter()
            .flatten()
            .copied()
            .collect();
        if let Some(out) = out {
            let order = labels.iter().map(|label| {
                let axis = self.output.iter().position(|other| other == label);
                axis.expect("what is kept to the end is in the result")
            });
            let order: Vec<_> = order.collect();
            let out = out.permuted_axes(order);
            contract(a, b, batch.len(), inner.len(), out, workers)?;
            let array = arr0(T::ZERO).into_dyn().into();
            return Ok(Term {
                labels: Labels::new(),
                array,
            });
        }
        let shape: Vec<_> = labels.iter().map(|&label| self.length(label)).collect();
        let mut product = new_filled(&shape, T::ZERO, workers)?;
        contract(a, b, batch.len(), inner.len(), product.view_mut(), workers)?;
        Ok(Term {
            labels,
            array: product.into(),
        })
    }
}

/// The labels of each array, and those of the result if there is an arrow.
fn terms(subscripts: &str) -> Result<(Terms, Option<Labels>), String> {
    let mut inputs: Terms = smallvec![Labels::new()];
    let mut output: Option<Labels> = None;
    let mut letters = subscripts.chars().filter(|c| !c.is_whitespace());
    while let Some(letter) = letters.next() {
        match (letter, &mut output) {
            (',', None) => inputs.push(Labels::new()),
            ('-', None) if letters.next() == Some('>') => output = Some(Labels::new()),
            (other, _) if other.is_ascii() && !other.is_alphabetic() => {
                return Err(format!("{other:?} is no letter"));
            }
            (label, Some(output)) => output.push(label),
            (label, None) => inputs.last_mut().expect("one at least").push(label),
        }
    }
    Ok((inputs, output))
}

/// Takes note of a length; a length of one goes with any.
fn record_length(lengths: &mut Lengths, label: char, len: usize) -> Result<(), String> {
    let known = lengths.iter_mut().find(|(known, _)| *known == label);
    match known {
        None => lengths.push((label, len)),
        Some((_, known)) if *known == 1 => *known = len,
        Some((_, known)) if len != 1 && len != *known => {
            return Err(format!("{label:?} has the lengths {known} and {len}"));
        }
        Some(_) => {}
    }
    Ok(())
}

/// The labels that occur once, in alphabetical order.
fn labels_occurring_once(inputs: &[Labels]) -> Labels {
    let mut all: Labels = inputs.iter().flatten().copied().collect();
    all.sort_unstable();
    let alike = all.chunk_by(|label, next| label == next);
    alike
        .filter(|alike| alike.len() == 1)
        .flatten()
        .copied()
        .collect()
}

/// An array and the labels of its axes, each once.
struct Term<'a, T: Numeric> {
    labels: Labels,
    array: CowArray<'a, T, IxDyn>,
}

impl<'a, T: Numeric> Term<'a, T> {
    /// An operand, with the diagonal taken over its repeated labels, and
    /// without the axes that broadcast.
    fn new(
        labels: &[char],
        operand: &'a ArrayViewD<'_, T>,
        plan: &EinsumPlan,
        workers: &Workers<'_>,
    ) -> Result<Self, Error> {
        let mut labels = Labels::from_slice(labels);
        let mut array = CowArray::from(operand.view());
        while let Some((first, second)) = repeated(&labels) {
            array = diagonal(&array.view(), first, second, workers)?.into();
            labels.remove(second);
        }
        for axis in (0..labels.len()).rev() {
            if array.len_of(Axis(axis)) == 1 && plan.length(labels[axis]) != 1 {
                array = array.index_axis_move(Axis(axis), 0);
                labels.remove(axis);
            }
        }
        Ok(Term { labels, array })
    }

    fn axis(&self, label: char) -> usize {
        let axis = self.labels.iter().position(|&own| own == label);
        axis.expect("one of its labels")
    }

    /// The sum over all labels but these, the longest axis first, so that the
    /// intermediate results are short.
    fn reduced(mut self, kept: &[char], workers: &Workers<'_>) -> Result<Self, Error> {
        loop {
            let axes = (0..self.labels.len()).filter(|&axis| !kept.contains(&self.labels[axis]));
            let Some(axis) = axes.max_by_key(|&axis| self.array.len_of(Axis(axis))) else {
                return Ok(self);
            };
            self.array = summed(self.array.view(), axis, workers)?.into();
            self.labels.remove(axis);
        }
    }

    /// With its axes in that order.
    fn permuted(&self, groups: &[&Labels]) -> ArrayViewD<'_, T> {
        let labels = groups.iter().copied().flatten();
        let order: SmallVec<[usize; 8]> = labels.map(|&label| self.axis(label)).collect();
        let array = self.array.view();
        if order.is_sorted() {
            return array;
        }
        array.permuted_axes(&order[..])
    }
}

/// Two axes of one label, if there are.
fn repeated(labels: &[char]) -> Option<(usize, usize)> {
    let mut pairs = (0..labels.len()).flat_map(|second| (0..second).map(move |i| (i, second)));
    pairs.find(|&(first, second)| labels[first] == labels[second])
}

/// The sums along an axis.
fn summed<T: Numeric>(
    a: ArrayViewD<'_, T>,
    axis: usize,
    workers: &Workers<'_>,
) -> Result<ArrayD<T>, Error> {
    /// Elements from which on a sum is more than a single piece of work, and from which on
    /// workers share it if there are fewer sums than workers.
    const LONG: usize = 1 << 22;
    const SHARED: usize = 1 << 17;
    let len = a.len_of(Axis(axis));
    let order = (0..a.ndim()).filter(|&other| other != axis);
    let order: Vec<_> = order.chain([axis]).collect();
    let a = a.permuted_axes(order);
    let last = a.ndim() - 1;
    let mut sums = new_filled(&a.shape()[..last], T::ZERO, workers)?;
    if len > LONG || (sums.len() < workers.threads() && len > SHARED) {
        for (sum_of, vector) in sums.iter_mut().zip(a.lanes(Axis(last))) {
            *sum_of = par_sum(vector, workers)?;
        }
    } else {
        par_map_lanes(a, sums.view_mut(), workers, sum)?;
    }
    Ok(sums)
}

/// A copy of the diagonal of two axes, at the place of the first.
fn diagonal<T: Numeric>(
    a: &ArrayView<'_, T, IxDyn>,
    first: usize,
    second: usize,
    workers: &Workers<'_>,
) -> Result<ArrayD<T>, Error> {
    let mut shape = a.shape().to_vec();
    shape.remove(second);
    let mut out = new_filled(&shape, T::ZERO, workers)?;
    for (at, out) in out.axis_iter_mut(Axis(first)).enumerate() {
        workers.check_interrupted()?;
        let from = a
            .index_axis(Axis(second), at)
            .index_axis_move(Axis(first), at);
        par_copy(from, out, workers)?;
    }
    Ok(out)
}

/// [`einsum`] as an operation on tensors of any dtype.
#[derive(Clone, PartialEq, Debug)]
pub struct Einsum {
    /// The labels of the axes.
    pub subscripts: String,
    /// Which operands are contracted together, one step after another.
    pub path: Option<Vec<Vec<usize>>>,
}

impl NumericOperation for Einsum {
    const NAME: &'static str = "einsum";

    fn results(&self, _: DType, shapes: &[&[usize]]) -> Result<Results, Error> {
        Ok(Results::same(einsum_shape(&self.subscripts, shapes)?))
    }

    fn compute<T: Numeric>(&self, mut work: Work<'_, '_>) -> Result<(), Error> {
        let [out] = work.outputs();
        let operands = work.operands::<T>()?;
        let path = self.path.as_deref();
        einsum_into(
            &self.subscripts,
            &operands,
            path,
            out.into_view()?,
            work.workers,
        )
    }
}
