/** Version of this library, that of its package. */
export const VERSION = '0.1.0';
