export const fullName = (first, last) => [first, last].filter(Boolean).join(' ')
