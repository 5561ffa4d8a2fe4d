//! How does a matrix get zeros below its first subdiagonal? By reflections that keep its eigenvalues.

use super::{Number, Square};

/// Turns `a` into `Qᴴ a Q` with zeros below the first subdiagonal. If `q` is the identity, it becomes `Q`.
pub(super) fn reduce<T: Number>(a: &mut Square<T>, mut q: Option<&mut Square<T>>) {
    let n = a.size();
    for k in 0..n.saturating_sub(2) {
        let mut v: Vec<T> = (k + 1..n).map(|i| a[(i, k)]).collect();
        let rest = v[1..].iter().map(|x| x.modulus().powi(2)).sum::<f64>();
        if rest == 0.0 {
            continue;
        }
        let first = v[0].modulus();
        let length = (first * first + rest).sqrt();
        // The first entry goes to `-length` times its own direction: nothing cancels.
        let direction = if first == 0.0 {
            T::real(1.0)
        } else {
            v[0] / T::real(first)
        };
        v[0] = v[0] + direction * T::real(length);
        // H = I - 2 v vᴴ / ‖v‖².
        let twice = 2.0 / (rest + (first + length).powi(2));
        from_left(a, k + 1, k, &v, twice);
        from_right(a, k + 1, &v, twice);
        if let Some(q) = &mut q {
            from_right(q, k + 1, &v, twice);
        }
        a[(k + 1, k)] = -direction * T::real(length);
        for i in k + 2..n {
            a[(i, k)] = T::real(0.0);
        }
    }
}

/// Applies `I - twice · v vᴴ` to the rows from `top` on, in the columns from `left` on.
pub(super) fn from_left<T: Number>(
    a: &mut Square<T>,
    top: usize,
    left: usize,
    v: &[T],
    twice: f64,
) {
    let mut sums = vec![T::real(0.0); a.size() - left];
    for (i, v) in v.iter().enumerate() {
        for (sum, x) in sums.iter_mut().zip(&a.row(top + i)[left..]) {
            *sum = *sum + v.conjugate() * *x;
        }
    }
    for (i, v) in v.iter().enumerate() {
        let factor = *v * T::real(twice);
        for (x, sum) in a.row_mut(top + i)[left..].iter_mut().zip(&sums) {
            *x = *x - factor * *sum;
        }
    }
}

/// Applies `I - twice · v vᴴ` to the columns from `left` on.
pub(super) fn from_right<T: Number>(a: &mut Square<T>, left: usize, v: &[T], twice: f64) {
    for i in 0..a.size() {
        let row = &mut a.row_mut(i)[left..left + v.len()];
        let parts = row.iter().zip(v).map(|(x, v)| *x * *v);
        let factor = parts.fold(T::real(0.0), |s, x| s + x) * T::real(twice);
        for (x, v) in row.iter_mut().zip(v) {
            *x = *x - factor * v.conjugate();
        }
    }
}
