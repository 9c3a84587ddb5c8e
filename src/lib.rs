//! Huzhu: the claims service of a trade union mutual-aid fund.
